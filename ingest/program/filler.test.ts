import { describe, expect, it } from 'vitest';
import { micros } from '#base';
import type { MediaConfig } from '#contracts';
import { media } from '#support';
import { DEFAULT_SILENCE, SlatePlayer, silenceLike, silentUnits } from './filler.ts';
import type { SlateClip } from './slate.ts';

const aac = (...bytes: number[]): MediaConfig => ({
  track: 'audio',
  codec: 'aac',
  bytes: Uint8Array.from(bytes),
});

describe('silenceLike', () => {
  it('takes the form of plain sound', () => {
    const config: MediaConfig = { track: 'audio', codec: 'aac', bytes: media.AAC_44K_MONO };
    const silence = silenceLike(config);
    expect(silence.config).toBe(config);
    expect(silence.frameUs).toBeCloseTo(23_219.95, 1);
  });

  it.each([
    ['sound that is not known', undefined],
    ['a picture', { track: 'video', codec: 'h264', bytes: media.AVC_320 } as const],
    // Object type 2 with six channels; HE-AAC; LC with 960 samples a frame.
    ['more than two channels', aac(0b00010001, 0b10110000)],
    ['HE-AAC', aac(0b00101011, 0b00010001, 0b10001000, 0)],
    ['short frames', aac(0b00010001, 0b10010100)],
  ])('is stereo at 48 kHz for %s', (_, config) => {
    expect(silenceLike(config)).toBe(DEFAULT_SILENCE);
  });
});

describe('silentUnits', () => {
  const from = 1_000_000;

  it('continues without a gap up to the end asked for', () => {
    const units = [...silentUnits(DEFAULT_SILENCE, from, from + 1_000_000)];
    expect(units).toHaveLength(47);
    units.forEach((unit, i) => {
      expect(unit.pts).toBe(Math.round(from + (i * 1024e6) / 48_000));
    });
  });

  it('gives nothing where there is nothing to fill', () => {
    expect([...silentUnits(DEFAULT_SILENCE, from, from)]).toEqual([]);
    expect([...silentUnits(DEFAULT_SILENCE, from, from - 1)]).toEqual([]);
  });
});

describe('SlatePlayer.due', () => {
  const clip: SlateClip = {
    config: { track: 'video', codec: 'h264', bytes: media.AVC_320 },
    units: [Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(2)],
    fps: { num: 30_000, den: 1001 },
  };

  it('plays its GOP over and over, each frame once, in time', () => {
    const player = new SlatePlayer(clip, micros(5_000_000));
    expect([...player.due(micros(4_999_999))]).toEqual([]);
    const played = [];
    for (let us = 5_000_000; us < 6_001_000; us += 7_000) played.push(...player.due(micros(us)));
    expect(played).toHaveLength(30);
    played.forEach((unit, i) => {
      expect(unit.dts).toBe(Math.round(5_000_000 + (i * 1001e6) / 30_000));
      expect(unit.key).toBe(i % 3 === 0);
      expect(unit.payload[0]).toBe(i % 3);
    });
  });
});
