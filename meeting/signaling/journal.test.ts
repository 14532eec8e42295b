import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AmphiError, silentLogger } from '#base';
import { Journal } from './journal.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('writes in order, and tries again while the database is away', async () => {
  const journal = new Journal(silentLogger);
  const done: string[] = [];
  let failures = 3;
  journal.note(async () => {
    if (failures-- > 0) throw new Error('gone');
    done.push('first');
  });
  const second = journal.write(async () => {
    done.push('second');
  });
  await vi.advanceTimersByTimeAsync(5_000);
  await second;
  expect(done).toEqual(['first', 'second']);
});

it('says so after 20 s at the most, and goes on with the next', async () => {
  const journal = new Journal(silentLogger);
  const lost = journal.write(() => Promise.reject(new Error('gone'))).catch((e: AmphiError) => e);
  const next = journal.write(async () => {});
  await vi.advanceTimersByTimeAsync(22_000);
  expect(await lost).toMatchObject({ code: 'unavailable' });
  await next;
});

it('does not repeat what is refused', async () => {
  const journal = new Journal(silentLogger);
  const work = vi.fn(() => Promise.reject(new AmphiError('not_found')));
  await expect(journal.write(work)).rejects.toMatchObject({ code: 'not_found' });
  expect(work).toHaveBeenCalledTimes(1);
});

it('lets 1,000 wait and refuses the next', async () => {
  const journal = new Journal(silentLogger);
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const all = Array.from({ length: 1_000 }, () => journal.write(() => gate));
  await expect(journal.write(() => gate)).rejects.toMatchObject({ code: 'unavailable' });
  release();
  await Promise.all(all);
  await expect(journal.write(async () => {})).resolves.toBeUndefined();
});
