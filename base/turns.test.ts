import { expect, it } from 'vitest';
import { AmphiError } from './errors.ts';
import { Turns } from './turns.ts';

it('runs two at once, lets three wait in their order, and refuses the sixth', async () => {
  const turns = new Turns({
    running: 2,
    waiting: 3,
    refusal: () => new AmphiError('unavailable'),
  });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (n: number) =>
    turns.take(
      () =>
        new Promise<number>((resolve) => {
          begun.push(n);
          ends.push(() => resolve(n));
        }),
    );
  const results = [0, 1, 2, 3, 4].map(work);
  await expect(work(5)).rejects.toMatchObject({ code: 'unavailable' });
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  expect(await results[1]).toBe(1);
  expect(begun).toEqual([0, 1, 2]);
  // One has come on: there is room for one more to wait, and not for two.
  const late = work(6);
  await expect(work(7)).rejects.toMatchObject({ code: 'unavailable' });
  for (const n of [0, 2, 3, 4, 6]) {
    while (!begun.includes(n)) await Promise.resolve();
    ends[begun.indexOf(n)]?.();
  }
  expect(await Promise.all([...results, late])).toEqual([0, 1, 2, 3, 4, 6]);
  expect(begun).toEqual([0, 1, 2, 3, 4, 6]);
});

it('goes on after work that fails', async () => {
  const turns = new Turns({ running: 1, waiting: 1, refusal: () => new AmphiError('too_many') });
  const failing = turns.take(() => Promise.reject(new Error('no')));
  const next = turns.take(async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
