import { expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

it('takes a burst, then the rate, and never more than a burst again', () => {
  const bucket = new TokenBucket({ perSecond: 50, burst: 200 }, 0);
  const taken = (count: number, nowMs: number) =>
    Array.from({ length: count }, () => bucket.take(nowMs)).filter(Boolean).length;
  expect(taken(300, 0)).toBe(200);
  expect(taken(300, 1_000)).toBe(50);
  expect(taken(300, 1_019)).toBe(0);
  expect(taken(300, 1_020)).toBe(1);
  expect(taken(300, 60_000)).toBe(200);
  // A clock that steps back gives nothing.
  expect(taken(1, 50_000)).toBe(0);
});

it('takes many at once, or none', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 100 }, 0);
  expect([bucket.take(0, 60), bucket.take(0, 41), bucket.take(0, 40)]).toEqual([true, false, true]);
  expect([bucket.take(1_000, 11), bucket.take(1_000, 10)]).toEqual([false, true]);
});

it('owes what was spent beyond it, up to a burst', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 100 }, 0);
  expect([bucket.has(0, 100), bucket.has(0, 101), bucket.wait(0)]).toEqual([true, false, 0]);
  bucket.spend(0, 150);
  expect([bucket.has(5_000, 1), bucket.wait(5_000), bucket.wait(5_100)]).toEqual([false, 100, 0]);
  bucket.spend(5_100, 1_000);
  expect(bucket.wait(5_100)).toBe(10_100);
});
