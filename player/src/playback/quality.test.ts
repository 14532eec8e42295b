import { describe, expect, it } from 'vitest';
import { qualityChoices, type Rung, rungBadge, rungLabel } from './quality.ts';

const rung = (name: string, height: number, over: Partial<Rung> = {}): Rung => ({
  url: `http://h/${name}/media.m3u8`,
  name,
  width: Math.round((height * 16) / 9),
  height,
  frameRate: 30,
  bitsPerSecond: height * 4_000,
  codecs: 'avc1.64001f,mp4a.40.2',
  ...over,
});

describe('rungLabel', () => {
  it.each([
    [rung('720p', 720), '720p'],
    [rung('720p60', 720, { frameRate: 60 }), '720p60'],
    [rung('main', 576), '576p'],
    [rung('best', 1080, { frameRate: 59.94 }), '1080p60'],
    [rung('audio', 0), 'Audio only'],
  ])('%o', (given, label) => {
    expect(rungLabel(given)).toBe(label);
  });
});

describe('qualityChoices', () => {
  it('lists the automatic choice, then the best first, sound alone last', () => {
    const rungs = [rung('audio', 0), rung('240p', 240), rung('1080p', 1080), rung('720p', 720)];
    expect(qualityChoices(rungs).map((choice) => choice.id)).toEqual([
      'auto',
      '1080p',
      '720p',
      '240p',
      'audio',
    ]);
  });

  it('offers nothing but the automatic choice before anything is known', () => {
    expect(qualityChoices([])).toEqual([{ id: 'auto', label: 'Auto', note: '' }]);
  });
});

describe('rungBadge', () => {
  it.each([
    [2160, '4K'],
    [1080, 'HD'],
    [720, 'HD'],
    [480, ''],
  ])('%i lines', (height, badge) => {
    expect(rungBadge(rung('x', height))).toBe(badge);
  });
});
