import { describe, expect, it } from 'vitest';
import { CHANNELS, mixdown, SOUND_RATE, SoundRing } from './sound.ts';

const BLOCK = (SOUND_RATE / 50) * CHANNELS;
const block = (value: number, blocks = 1) => new Int16Array(BLOCK * blocks).fill(value);
const taken = (ring: SoundRing) => {
  const sum = new Int32Array(BLOCK);
  ring.addTo(sum);
  return sum[0];
};

describe('SoundRing', () => {
  it('waits for 60 ms, then gives what came in order, and waits anew when it has run dry', () => {
    const ring = new SoundRing();
    ring.push(block(1));
    ring.push(block(2));
    expect(taken(ring)).toBe(0);
    ring.push(block(3));
    expect([taken(ring), taken(ring), taken(ring)]).toEqual([1, 2, 3]);
    expect(taken(ring)).toBe(0);
    expect(ring.dry).toBe(1);
    ring.push(block(4, 2));
    expect(taken(ring)).toBe(0);
    ring.push(block(4));
    expect(taken(ring)).toBe(4);
  });

  it('keeps 240 ms and no more: a rush is cut down to 60 ms', () => {
    const ring = new SoundRing();
    ring.push(block(1, 12));
    expect(ring.dropped).toBe(0);
    ring.push(block(2));
    expect(ring.dropped).toBe((SOUND_RATE / 50) * 10);
    expect([taken(ring), taken(ring), taken(ring), taken(ring)]).toEqual([1, 1, 2, 0]);
  });

  it('takes more at once than it holds', () => {
    const ring = new SoundRing();
    ring.push(block(1, 100));
    expect(taken(ring)).toBe(1);
  });
});

describe('mixdown', () => {
  it('leaves what is quiet as it is, and bends what is loud below the ceiling', () => {
    expect([...mixdown(Int32Array.of(0, 24_000, -24_000))]).toEqual([0, 24_000, -24_000]);
    const loud = mixdown(Int32Array.of(30_000, 60_000, 300_000, -300_000));
    expect(loud[0]).toBeGreaterThan(24_000);
    expect(loud[1]).toBeGreaterThan(loud[0] ?? 0);
    expect(loud[2]).toBeLessThanOrEqual(32_767);
    expect(loud[3]).toBeGreaterThanOrEqual(-32_768);
  });
});
