import { expect, it } from 'vitest';
import { Arena } from './arena.ts';

const BLOCK = 512 * 1024;

it('Arena.take hands out memory that does not overlap', () => {
  const arena = new Arena();
  const taken = Array.from({ length: 3_000 }, (_, i) => {
    const bytes = arena.take(1 + ((i * 7919) % 3_000));
    bytes.fill(i & 0xff);
    return { bytes, value: i & 0xff };
  });
  for (const { bytes, value } of taken) expect(bytes.every((byte) => byte === value)).toBe(true);
});

it('Arena.take gives what is larger than a block memory of its own', () => {
  const arena = new Arena();
  arena.take(10);
  const { block } = arena;
  expect(arena.take(BLOCK + 1)).toHaveLength(BLOCK + 1);
  expect(arena.block).toBe(block);
  expect(arena.take(BLOCK)).toHaveLength(BLOCK);
});

it('Arena.release lets blocks serve again only where that is allowed', () => {
  const arena = new Arena();
  const first = arena.take(BLOCK);
  const second = arena.take(BLOCK);
  const third = arena.take(BLOCK);
  expect(arena.block).toBe(2);
  arena.release(1, false);
  arena.release(2, true);
  const fourth = arena.take(BLOCK);
  expect(fourth.buffer).toBe(second.buffer);
  expect(fourth.buffer).not.toBe(first.buffer);
  expect(arena.block).toBe(3);
  // The block in use is never let go.
  arena.release(99, true);
  expect(arena.take(1).buffer).not.toBe(fourth.buffer);
  expect(third).toHaveLength(BLOCK);
});
