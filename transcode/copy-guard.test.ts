import { describe, expect, it } from 'vitest';
import { avcTagHeader, type FlvTag, TAG_AUDIO, TAG_VIDEO } from '#protocol';
import { CopyGuard } from './copy-guard.ts';

const BASE_US = 1_794_993_200_000_000;

function picture(ms: number, key: boolean, compositionMs = 0): FlvTag {
  const body = Uint8Array.from([...avcTagHeader(key, false, compositionMs), 0, 0, 0, 1, 0x65]);
  return { type: TAG_VIDEO, timestampMs: ms, body };
}

const config = (byte: number): FlvTag => ({
  type: TAG_VIDEO,
  timestampMs: 0,
  body: Uint8Array.from([...avcTagHeader(true, true, 0), 1, byte]),
});

const guard = (phaseUs = 0) =>
  new CopyGuard({
    grid: { segmentUs: 2_000_000, phaseUs, partsPerSegment: 6 },
    baseUs: BASE_US,
    frameUs: 1e6 / 30,
  });

/** Two seconds and one frame at 30 fps, with key frames every `gop` frames. */
const frames = (gop: number, count = 121) =>
  Array.from({ length: count }, (_, n) => picture(Math.round((n * 1000) / 30), n % gop === 0));

const firstFault = (tags: readonly FlvTag[], phaseUs = 0) => {
  const watch = guard(phaseUs);
  return tags.map((tag) => watch.check(tag)).find((fault) => fault !== undefined);
};

describe('CopyGuard', () => {
  it('lets a source pass that keeps the grid', () => {
    expect(firstFault([config(1), ...frames(60, 600)])).toBeUndefined();
  });

  it('lets it pass on the phase of its own key frames', () => {
    const shifted = frames(60).map((tag) => ({ ...tag, timestampMs: tag.timestampMs + 730 }));
    expect(firstFault(shifted, 730_000)).toBeUndefined();
    expect(firstFault(shifted)).toBeDefined();
  });

  it.each([
    ['key frames that come too late', frames(75), 'key frames are not where segments begin'],
    ['key frames that come too early', frames(30), 'key frames come inside segments'],
    ['B-frames', [picture(0, true), picture(33, false, 33)], 'the source has B-frames'],
    [
      'a new configuration',
      [config(1), picture(0, true), config(2)],
      'the picture has changed its form',
    ],
    ['time that goes back', [picture(100, true), picture(66, false)], 'the source is uneven'],
    ['a hole', [picture(0, true), picture(600, false)], 'the source is uneven'],
  ])('notices %s', (_what, tags, fault) => {
    expect(firstFault(tags)).toBe(fault);
  });

  it('does not mind the same configuration again, nor sound', () => {
    const sound: FlvTag = { type: TAG_AUDIO, timestampMs: 5, body: Uint8Array.of(0xaf, 1, 2) };
    expect(
      firstFault([config(1), picture(0, true), config(1), sound, picture(33, false)]),
    ).toBeUndefined();
  });

  it('stays broken', () => {
    const watch = guard();
    watch.check(picture(0, true));
    watch.check(picture(900, false));
    expect(watch.check(picture(933, false))).toBe('the source is uneven');
  });
});
