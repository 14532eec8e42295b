import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '#base';
import { REOPEN, Recovery } from './recovery.ts';

const recovery = () => new Recovery((attempt) => attempt * 100);

describe('Recovery', () => {
  it('reopens after network errors, waiting longer every time, for ever', () => {
    const it = recovery();
    for (let n = 1; n <= 200; n++) {
      expect(it.failed('network', n)).toEqual({ action: 'reopen', delayMs: n * 100 });
    }
  });

  it('revives the decoder once, then reopens', () => {
    const it = recovery();
    expect(it.failed('media', 0)).toEqual({ action: 'revive', delayMs: 0 });
    expect(it.failed('media', 3_000)).toEqual({ action: 'reopen', delayMs: 100 });
    expect(it.failed('media', 30_000).action).toBe('revive');
  });

  it('opens another stream at once, but not again and again', () => {
    const it = recovery();
    expect(it.failed('playlist', 0).delayMs).toBe(0);
    expect(it.failed('playlist', 10).delayMs).toBeGreaterThan(0);
  });

  it('counts anew after it has played well, not after a glimpse', () => {
    const it = recovery();
    it.failed('network', 0);
    it.failed('network', 0);
    it.playing(1_000);
    it.playing(2_000);
    expect(it.failed('network', 2_500).delayMs).toBe(300);
    it.playing(3_000);
    it.playing(14_000);
    expect(it.failed('network', 15_000).delayMs).toBe(100);
  });

  it('need not wait when the network is back', () => {
    const it = recovery();
    for (let n = 0; n < 6; n++) it.failed('network', n);
    it.hurry();
    expect(it.failed('network', 10).delayMs).toBe(100);
  });
});

describe('REOPEN', () => {
  it('waits between a quarter of a second and five seconds', () => {
    for (let attempt = 1; attempt < 50; attempt++) {
      const delay = retryDelayMs(REOPEN, attempt);
      expect(delay).toBeGreaterThanOrEqual(200);
      expect(delay).toBeLessThanOrEqual(5_000);
    }
  });
});
