import { describe, expect, it } from 'vitest';
import { PLAYLIST, type ResourceHead } from '../http/resource.ts';
import { Freshness } from './freshness.ts';
import { type Target, targetOf } from './target.ts';

const PATH = '/hls/main/720p/media.m3u8';
const target = (url: string) => targetOf(url) as Target;

const head = (contentType: string, cacheControl: string): ResourceHead => ({
  contentType,
  cacheControl,
  etag: '"a"',
  ranges: false,
  restricted: false,
  position: undefined,
});

describe('Freshness.times', () => {
  it.each<[string, string, string, string, number, number]>([
    ['a segment, less its age', '/hls/main/720p/1.m4s', 'video/mp4', 'public, max-age=60', 5, 55],
    ['a segment that is too old', '/hls/main/720p/1.m4s', 'video/mp4', 'public, max-age=3', 5, 0],
    ['what must not be kept', '/hls/main/poster.jpg', 'image/jpeg', 'no-cache', 0, 0],
    ['an open playlist, for a part at most', PATH, PLAYLIST, 'public, max-age=1', 0, 0.2],
    ['a blocking playlist', `${PATH}?_HLS_msn=1`, PLAYLIST, 'public, max-age=12', 2, 10],
  ])('%s', (_, url, type, cacheControl, ageSeconds, freshSeconds) => {
    const freshness = new Freshness();
    const now = 1_000;
    const times = freshness.times(target(url), head(type, cacheControl), now, ageSeconds * 1000);
    expect(times.freshUntilMs).toBe(now + freshSeconds * 1000);
    expect(times.staleUntilMs - now).toBe(type === PLAYLIST ? 4_000 : 3_600_000);
  });
});

describe('Freshness, of two playlists', () => {
  it('knows an answer that would take viewers back, for a while', () => {
    const freshness = new Freshness();
    expect(freshness.seen(PATH, 50_002, 0)).toBe(true);
    expect(freshness.aheadOf(PATH, 50_001, 100)).toBe(50_002);
    expect(freshness.aheadOf(PATH, 50_002, 100)).toBeUndefined();
    expect(freshness.aheadOf(PATH, undefined, 100)).toBeUndefined();
    expect(freshness.aheadOf('/hls/other', 1, 100)).toBeUndefined();
    // What a parent has that stays behind for long is all there is.
    expect(freshness.aheadOf(PATH, 50_001, 10_001)).toBeUndefined();
  });

  it('does not let an older playlist stand for a newer one', () => {
    const freshness = new Freshness();
    freshness.seen(PATH, 50_002, 0);
    expect(freshness.seen(PATH, 50_001, 100)).toBe(false);
    expect(freshness.aheadOf(PATH, 50_001, 100)).toBe(50_002);
    expect(freshness.seen(PATH, 50_003, 200)).toBe(true);
    expect(freshness.seen(PATH, 10, 20_000)).toBe(true);
  });
});
