import { describe, expect, it } from 'vitest';
import { avcConfigRecord, avcTagHeader, lengthPrefixed, nalUnits, TAG_VIDEO } from '#protocol';
import type { VideoJobRung } from './command.ts';
import { RungUnits } from './rung-units.ts';

const RUNG: VideoJobRung = {
  kind: 'video',
  name: '360p',
  order: 0,
  width: 640,
  height: 360,
  fps: { num: 30_000, den: 1_001 },
  videoKbps: 700,
  audioKbps: 128,
  copy: false,
};
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
/** x264, 320 x 240, Constrained Baseline. */
const SPS = hex('6742c00dd90141fb01100000030010000003003');
const PPS = hex('68cb83cb20');
const IDR = hex('65888001');
const SLICE = hex('419a0102');

const tag = (timestampMs: number, head: Uint8Array, body: Uint8Array) => ({
  type: TAG_VIDEO,
  timestampMs,
  body: new Uint8Array(Buffer.concat([head, body])),
});

describe('RungUnits', () => {
  it('puts the parameter sets in front of key frames, and of no others', () => {
    const units = new RungUnits(RUNG);
    expect(units.unit(tag(0, avcTagHeader(true, true, 0), avcConfigRecord([SPS], [PPS])))).toBe(
      undefined,
    );
    const key = units.unit(tag(0, avcTagHeader(true, false, 0), lengthPrefixed([IDR])));
    expect(key?.key).toBe(true);
    expect([...nalUnits(key?.payload ?? new Uint8Array())]).toEqual([SPS, PPS, IDR]);
    const other = units.unit(tag(33, avcTagHeader(false, false, 0), lengthPrefixed([SLICE])));
    expect(other?.key).toBe(false);
    expect([...nalUnits(other?.payload ?? new Uint8Array())]).toEqual([SLICE]);
  });

  it('dates frames to the microsecond on the grid of their rate, not to the millisecond', () => {
    const units = new RungUnits(RUNG);
    for (let i = 0; i < 100; i++) {
      const ms = Math.round((i * 1_001) / 30);
      const at = units.unit(tag(ms, avcTagHeader(false, false, 0), lengthPrefixed([SLICE])))?.us;
      expect(at).toBeCloseTo((i * 1_001_000) / 30, 3);
    }
  });

  it('says that a malformed tag is one', () => {
    const units = new RungUnits(RUNG);
    const config = tag(0, avcTagHeader(true, true, 0), hex('0142'));
    expect(() => units.unit(config)).toThrow(RangeError);
  });
});
