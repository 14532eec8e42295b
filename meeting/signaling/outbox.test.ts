import { expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

const word = (emoji: string) => ({ type: 'reaction', from: 'a', emoji }) as const;
const numbers = (frames: readonly string[] | undefined) =>
  frames?.map((text) => (JSON.parse(text) as { sequence: number }).sequence);

it('numbers what is said, and repeats what was missed', () => {
  const outbox = new Outbox();
  expect(outbox.after(0)).toEqual([]);
  const frames = ['a', 'b', 'c'].map((emoji) => outbox.push(word(emoji)));
  expect(numbers(frames)).toEqual([1, 2, 3]);
  expect(outbox.after(1)).toEqual(frames.slice(1));
  expect(outbox.after(3)).toEqual([]);
  // Nobody has heard what was never said.
  expect(outbox.after(4)).toBeUndefined();
});

it('goes on where another left off, and knows nothing of before', () => {
  const outbox = new Outbox(7);
  expect(outbox.after(6)).toBeUndefined();
  expect(outbox.after(7)).toEqual([]);
  expect(numbers([outbox.push(word('a'))])).toEqual([8]);
});

it('keeps 1,000 messages, and not one more', () => {
  const outbox = new Outbox();
  for (let i = 0; i < 1_000; i++) outbox.push(word('a'));
  expect(outbox.after(0)).toHaveLength(1_000);
  outbox.push(word('a'));
  expect(outbox.after(0)).toBeUndefined();
  expect(outbox.after(1)).toHaveLength(1_000);
});

it('keeps a mebibyte at most, but always the latest', () => {
  const outbox = new Outbox();
  const large = 'x'.repeat(600_000);
  outbox.push(word(large));
  outbox.push(word(large));
  expect(outbox.after(0)).toBeUndefined();
  expect(numbers(outbox.after(1))).toEqual([2]);
});
