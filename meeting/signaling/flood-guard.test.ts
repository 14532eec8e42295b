import { expect, it } from 'vitest';
import { FloodGuard } from './flood-guard.ts';

it('takes 200 messages at once from one person, whatever they come by, and 50 a second after', () => {
  const guard = new FloodGuard();
  const many = (count: number, nowMs: number) =>
    Array.from({ length: count }, () => guard.allows('ann', 10, nowMs)).filter(Boolean).length;
  expect(many(200, 0)).toBe(200);
  expect(guard.allows('ann', 10, 0)).toBe(false);
  expect(guard.allows('bob', 10, 0)).toBe(true);
  expect(many(60, 1_000)).toBe(50);
});

it('takes two mebibytes at once, and not one byte more', () => {
  const guard = new FloodGuard();
  for (let i = 0; i < 8; i++) expect(guard.allows('ann', 256 * 1024, 0)).toBe(true);
  expect(guard.allows('ann', 1, 0)).toBe(false);
});

it('forgets who is as good as new, and nobody else', () => {
  const guard = new FloodGuard();
  for (let i = 0; i < 999; i++) guard.allows(`person ${i}`, 10, 0);
  for (let i = 0; i < 200; i++) guard.allows('flood', 10, 1_000);
  guard.allows('new', 10, 1_000);
  expect(guard.size).toBe(2);
  expect(guard.allows('flood', 10, 1_000)).toBe(false);
});
