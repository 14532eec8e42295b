import { expect, it } from 'vitest';
import { LineTurns } from './line-turns.ts';

/** The turns of a line whose opening ends when that is said. */
function turns() {
  const done: string[] = [];
  let open = () => {};
  const opening = new Promise<void>((resolve) => {
    open = resolve;
  });
  const line = new LineTurns(opening);
  const work = (name: string) => async () => {
    done.push(name);
  };
  /** Whatever has its turn has had it. */
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { line, done, open, work, settled };
}

it('does all in its order after the opening, of which fifty things wait and not fifty-one', async () => {
  const { line, done, open, work, settled } = turns();
  const names = Array.from({ length: 50 }, (_, i) => `${i}`);
  for (const name of names) line.take(work(name));
  expect(() => line.take(work('51st'))).toThrow('Too much at once');
  expect(done).toEqual([]);
  open();
  await settled();
  expect(done).toEqual(names);
  line.take(work('next'));
  await settled();
  expect(done.at(-1)).toBe('next');
});

it('does not count what is being done', async () => {
  const { line, open, work, settled } = turns();
  open();
  let finish = () => {};
  line.take(
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  await settled();
  for (let i = 0; i < 50; i++) line.take(work('waits'));
  expect(() => line.take(work('51st'))).toThrow('Too much at once');
  finish();
});

it('leaves undone what waits when the socket goes, and closes after what is being done', async () => {
  const { line, done, open, work, settled } = turns();
  let finish = () => {};
  line.take(async () => {
    done.push('begun');
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    done.push('finished');
  });
  line.take(work('waits'));
  open();
  await settled();
  line.end(work('closed'));
  line.take(work('too late'));
  await settled();
  expect(done).toEqual(['begun']);
  finish();
  await settled();
  expect(done).toEqual(['begun', 'finished', 'closed']);
});
