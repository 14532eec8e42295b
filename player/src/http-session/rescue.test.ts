import { describe, expect, it } from 'vitest';
import { Rescue } from './rescue.ts';

/** A rescue whose restarts are counted, and answered when told. */
function stage() {
  let answer: (agreed: boolean) => void = () => {};
  const state = { restarts: 0 };
  const rescue = new Rescue(() => {
    state.restarts++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  }, 0);
  const settle = async (agreed: boolean) => {
    answer(agreed);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { rescue, state, settle };
}

describe('Rescue', () => {
  it('looks for another way after a second and a half of silence, once', async () => {
    const { rescue, state } = stage();
    expect(rescue.check(1_500)).toBe(true);
    expect(state.restarts).toBe(0);
    expect(rescue.check(1_501)).toBe(true);
    expect(rescue.check(60_000)).toBe(true);
    expect(state.restarts).toBe(1);
  });

  it('gives up when nothing is heard after a restart', async () => {
    const { rescue, settle } = stage();
    rescue.check(2_000);
    await settle(true);
    expect(rescue.check(2_500)).toBe(true);
    expect(rescue.check(5_000)).toBe(true);
    expect(rescue.check(5_001)).toBe(false);
  });

  it('is well again when something is heard, and rescues anew', async () => {
    const { rescue, state, settle } = stage();
    for (const brokeMs of [0, 10_000, 20_000]) {
      rescue.heard(brokeMs);
      rescue.check(brokeMs + 2_000);
      await settle(true);
      expect(rescue.check(brokeMs + 2_500)).toBe(true);
    }
    expect(state.restarts).toBe(3);
  });

  it('gives up after two and a half seconds of silence where the server refuses', async () => {
    const { rescue, state, settle } = stage();
    rescue.check(2_000);
    await settle(false);
    expect(rescue.check(2_500)).toBe(true);
    expect(rescue.check(2_501)).toBe(false);
    rescue.heard(3_000);
    expect(rescue.check(5_000)).toBe(true);
    expect(rescue.check(5_501)).toBe(false);
    expect(state.restarts).toBe(1);
  });

  it('does not wait where the network has changed', async () => {
    const { rescue, state, settle } = stage();
    rescue.networkChanged();
    rescue.networkChanged();
    expect(state.restarts).toBe(1);
    await settle(true);
    rescue.heard(100);
    rescue.networkChanged();
    expect(state.restarts).toBe(2);
  });
});
