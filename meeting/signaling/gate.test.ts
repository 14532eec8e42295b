import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Gate } from './gate.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether somebody who comes now gets through at once. */
async function isOpen(gate: Gate): Promise<boolean> {
  let passed = false;
  gate.passed().then(() => {
    passed = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  return passed;
}

it('lets through, holds back while it is closed, and lets through again', async () => {
  const gate = new Gate(1_000);
  gate.open();
  expect(await isOpen(gate)).toBe(true);
  gate.close();
  gate.close();
  const waiting = gate.passed();
  expect(await isOpen(gate)).toBe(false);
  gate.open();
  await waiting;
  expect(await isOpen(gate)).toBe(true);
});

it('is not closed for longer than it says', async () => {
  const gate = new Gate(1_000);
  gate.close();
  await vi.advanceTimersByTimeAsync(999);
  expect(await isOpen(gate)).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await isOpen(gate)).toBe(true);
  gate.close();
  await vi.advanceTimersByTimeAsync(999);
  expect(await isOpen(gate)).toBe(false);
  gate.open();
});
