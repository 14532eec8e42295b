import { describe, expect, it } from 'vitest';
import type { SourceHealth } from '#contracts';
import { advise } from './advice.ts';

const VIDEO: NonNullable<SourceHealth['video']> = {
  codec: 'H.264',
  width: 1280,
  height: 720,
  fps: 30,
  bitsPerSecond: 2_500_000,
  gopSeconds: 2,
  bFrames: false,
};
const AUDIO: NonNullable<SourceHealth['audio']> = {
  codec: 'AAC',
  sampleRate: 48_000,
  channels: 2,
  bitsPerSecond: 128_000,
};

const health = (change: Partial<SourceHealth> = {}): SourceHealth => ({
  sourceId: 'cam',
  connected: true,
  driftMs: 0,
  dropped: 0,
  jumps: 0,
  advice: [],
  video: VIDEO,
  audio: AUDIO,
  ...change,
});

/** `null` takes a track away. */
const without = (track: 'video' | 'audio'): SourceHealth => {
  const { [track]: _, ...rest } = health();
  return rest;
};

describe('advise', () => {
  it('has nothing to say to a healthy source', () => {
    expect(advise(health(), undefined)).toEqual([]);
  });

  it.each<[string, SourceHealth, string | undefined, 'warn' | 'info', string]>([
    ['codec_unsupported', health(), 'HEVC', 'warn', 'The encoder sends HEVC'],
    ['no_video', without('video'), undefined, 'warn', 'No video arrives'],
    [
      'gop_long',
      health({ video: { ...VIDEO, gopSeconds: 8.02 } }),
      undefined,
      'warn',
      'Key frames come every 8 s: set the keyframe interval to 2 s in OBS',
    ],
    ['fps_low', health({ video: { ...VIDEO, fps: 7.5 } }), undefined, 'warn', 'Only 7.5 frames'],
    [
      'bitrate_low',
      health({ video: { ...VIDEO, bitsPerSecond: 300_000 } }),
      undefined,
      'info',
      '300 kbit/s is little for 1280 × 720',
    ],
    [
      'size_odd',
      health({ video: { ...VIDEO, width: 853 } }),
      undefined,
      'info',
      'The picture is 853 × 720',
    ],
    ['b_frames', health({ video: { ...VIDEO, bFrames: true } }), undefined, 'info', 'B-frames'],
    ['no_audio', without('audio'), undefined, 'info', 'No sound arrives'],
    [
      'audio_channels',
      health({ audio: { ...AUDIO, channels: 6 } }),
      undefined,
      'info',
      '6 sound channels are mixed down',
    ],
    ['clock_drift', health({ driftMs: -800 }), undefined, 'info', 'drifted by -800 ms'],
    ['clock_jumps', health({ jumps: 1 }), undefined, 'info', 'jumped once'],
    ['clock_jumps', health({ jumps: 3 }), undefined, 'info', 'jumped 3 times'],
    ['dropped', health({ dropped: 4 }), undefined, 'info', '4 damaged packets'],
  ])('gives %s', (code, state, unsupported, level, text) => {
    const given = advise(state, unsupported);
    expect(given.map((a) => a.code)).toEqual([code]);
    expect(given[0]).toMatchObject({ level });
    expect(given[0]?.text).toContain(text);
  });

  it('says what is urgent first', () => {
    const levels = advise(
      health({ jumps: 1, dropped: 1, video: { ...VIDEO, gopSeconds: 9, fps: 5, bFrames: true } }),
      'Opus',
    ).map(({ level }) => level);
    expect(levels).toEqual([...levels].sort().reverse());
  });

  it.each([
    ['key frames every four seconds', health({ video: { ...VIDEO, gopSeconds: 4 } })],
    ['a rate that is not known yet', health({ video: { ...VIDEO, fps: 0, bitsPerSecond: 0 } })],
    ['drift that will not be noticed', health({ driftMs: 400 })],
  ])('lets %s pass', (_, state) => {
    expect(advise(state, undefined)).toEqual([]);
  });

  it('says nothing to a source that is away, but why it was of no use', () => {
    expect(advise({ ...without('video'), connected: false }, undefined)).toEqual([]);
    expect(advise({ ...without('video'), connected: false }, 'AV1')).toHaveLength(1);
  });
});
