import { describe, expect, it } from 'vitest';
import type { OriginState, RenditionView } from '#contracts';
import { warningsOf } from './warnings.ts';

const NOW = 1_000_000;
const rendition = (name: string, behindMs: number): RenditionView => ({
  name,
  codecs: 'avc1.64001f',
  bandwidth: 1,
  behindMs,
});
const origin = (change: Partial<OriginState> = {}): OriginState => ({
  viewers: 0,
  renditions: [rendition('720p', 300)],
  withdrawn: [],
  ...change,
});
const live = { status: 'live', startedAt: NOW - 60_000 } as const;
const codes = (...args: Parameters<typeof warningsOf>) =>
  warningsOf(...args).map(({ code }) => code);

describe('warningsOf', () => {
  it('has nothing to say when all is well', () => {
    expect(codes(live, origin(), NOW)).toEqual([]);
  });

  it('says it when the origin does not answer, and nothing that it cannot know then', () => {
    expect(codes(live, undefined, NOW)).toEqual(['origin_down']);
  });

  it('waits a while for the first rendition', () => {
    const none = origin({ renditions: [] });
    expect(codes({ status: 'live', startedAt: NOW - 3_000 }, none, NOW)).toEqual([]);
    expect(codes(live, none, NOW)).toEqual(['no_rendition']);
    expect(codes({ status: 'ended', startedAt: NOW - 60_000 }, none, NOW)).toEqual([]);
  });

  it('names the renditions that are late, unless all are', () => {
    const some = origin({ renditions: [rendition('1080p', 9_000), rendition('360p', 200)] });
    expect(warningsOf(live, some, NOW)[0]?.text).toContain('9.0 s late (1080p)');
    const all = origin({ renditions: [rendition('1080p', 9_000), rendition('360p', 5_000)] });
    expect(warningsOf(live, all, NOW)[0]?.text).toContain('9.0 s late. ');
  });

  it('says what was given up', () => {
    const [warning] = warningsOf(live, origin({ withdrawn: ['1080p', '720p'] }), NOW);
    expect(warning?.code).toBe('rendition_dropped');
    expect(warning?.text).toContain('gave up 1080p, 720p.');
  });

  it('does not mind the age of what an ended event left', () => {
    const old = origin({ renditions: [rendition('720p', 3_600_000)] });
    expect(codes({ status: 'ended', startedAt: NOW - 1 }, old, NOW)).toEqual([]);
  });

  it('passes on the trouble of the disk', () => {
    expect(codes(live, origin({ diskTrouble: 'ENOSPC' }), NOW)).toEqual(['disk_trouble']);
  });
});
