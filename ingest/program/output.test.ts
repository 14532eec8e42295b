import { describe, expect, it } from 'vitest';
import { micros } from '#base';
import type { AudioUnit, MediaConfig, VideoUnit } from '#contracts';
import { FlvReader, parseAvTag } from '#protocol';
import { media } from '#support';
import { ProgramFeed } from './feed.ts';
import { ProgramOutput } from './output.ts';

const START = micros(1_800_000_123_000_000);
const FRAME_US = 40_000;
const AVC: MediaConfig = { track: 'video', codec: 'h264', bytes: media.AVC_320 };
const AVC_2: MediaConfig = { track: 'video', codec: 'h264', bytes: media.AVC_640 };
const AAC: MediaConfig = { track: 'audio', codec: 'aac', bytes: media.AAC_48K_STEREO };

const picture = (ms: number, key = false): VideoUnit => {
  const dts = micros(START + ms * 1000);
  return { track: 'video', codec: 'h264', dts, pts: dts, key, payload: media.accessUnit(key, 9) };
};
const sound = (ms: number): AudioUnit => {
  const pts = micros(START + ms * 1000);
  return { track: 'audio', codec: 'aac', dts: pts, pts, key: true, payload: Uint8Array.of(0x21) };
};

function setUp() {
  const feed = new ProgramFeed(START);
  const output = new ProgramOutput(feed, START);
  const baseMs = (feed.baseUs - START) / 1000;
  const seen: { kind: string; ms: number }[] = [];
  const flv = new FlvReader({
    maxBodyBytes: 1 << 20,
    onTag: ({ type, body, timestampMs }) =>
      seen.push({ kind: parseAvTag(type, body).kind, ms: timestampMs + baseMs }),
  });
  feed.subscribe({
    write: (bytes) => flv.push(Uint8Array.from(bytes)),
    backlogBytes: 0,
    end: () => {},
    abort: () => {},
  });
  const times = (kind: string) => seen.filter((tag) => tag.kind === kind).map(({ ms }) => ms);
  return { output, seen, times };
}

describe('ProgramOutput', () => {
  it('passes pictures on whose time rises, and drops the others', () => {
    const { output, times } = setUp();
    expect(output.video(AVC, picture(0, true))).toBe(true);
    expect(output.video(AVC, picture(40))).toBe(true);
    expect(output.video(AVC, picture(40))).toBe(false);
    expect(output.video(AVC, picture(20))).toBe(false);
    expect(times('video')).toEqual([0, 40]);
  });

  it('lets a source that joins reach back, so that it keeps its own time', () => {
    const { output, times } = setUp();
    output.video(AVC, picture(0, true));
    output.video(AVC, picture(1_000));
    const key = picture(400, true);
    expect(output.join(key.dts, FRAME_US)).toBe(0);
    expect(output.video(AVC_2, key)).toBe(true);
    expect(output.video(AVC_2, picture(440))).toBe(true);
    expect(output.video(AVC_2, picture(440))).toBe(false);
    expect(times('video')).toEqual([0, 1_000, 400, 440]);
    // What is shown has not gone back: silence and slates go on from there.
    expect(output.lastVideoUs).toBe(START + 1_000_000);
  });

  it.each([
    [2_960, 0],
    [2_961, 3_001_000],
    [-500, 0],
  ])('moves a source that joins %i ms behind by %i µs', (behindMs, shiftUs) => {
    const { output } = setUp();
    output.video(AVC, picture(5_000, true));
    expect(output.join(START + (5_000 - behindMs) * 1000, FRAME_US)).toBe(shiftUs);
  });

  it('takes another form of the picture at a key frame only', () => {
    const { output, times } = setUp();
    output.video(AVC, picture(0, true));
    expect(output.video(AVC_2, picture(40))).toBe(false);
    expect(output.video(AVC_2, picture(80, true))).toBe(true);
    expect(times('video-config')).toEqual([0, 80]);
  });

  it('drops sound where there is sound, and fills up where there is none', () => {
    const { output, times } = setUp();
    output.expectAudio(AAC);
    output.video(AVC, picture(0, true));
    output.audio(AAC, sound(0));
    expect(output.audio(AAC, sound(5))).toBe(false);
    output.video(AVC, picture(640));
    output.silence(true);
    // It is still waited for.
    expect(times('audio')).toEqual([0]);
    output.video(AVC, picture(960));
    output.silence(true);
    expect(times('audio')).toHaveLength(46);
    expect(output.audioEndUs).toBeGreaterThanOrEqual(START + 960_000);
  });
});
