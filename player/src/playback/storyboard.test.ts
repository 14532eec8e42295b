import { describe, expect, it } from 'vitest';
import { readStoryboard, thumbnailAt, vttTime } from './storyboard.ts';

const RUN = 1_800_000_000_000;
const URL_ = 'http://host/hls/main/thumbnails/storyboard.vtt';
const VTT = `WEBVTT

00:00:05.000 --> 00:00:10.000
${RUN + 5_000}.jpg

00:00:10.000 --> 00:00:15.500
${RUN + 10_000}.jpg

01:02:03.456 --> 01:02:13.456
${RUN + 3_723_456}.jpg
`;

describe('vttTime', () => {
  it.each([
    ['00:00:05.000', 5_000],
    ['01:02:03.456', 3_723_456],
    ['02:03.456', 123_456],
    ['100:00:00.000', 360_000_000],
    ['1:2:3', undefined],
    ['', undefined],
  ])('%s', (text, ms) => {
    expect(vttTime(text)).toBe(ms);
  });
});

describe('readStoryboard', () => {
  it('ties the cues to the clock of the programme', () => {
    const [first, second, third] = readStoryboard(VTT, URL_, RUN);
    expect(first).toEqual({
      fromMs: RUN + 5_000,
      untilMs: RUN + 10_000,
      url: `http://host/hls/main/thumbnails/${RUN + 5_000}.jpg`,
    });
    expect(second?.untilMs).toBe(RUN + 15_500);
    expect(third?.fromMs).toBe(RUN + 3_723_456);
  });

  it('reads Windows line ends and cue names, and leaves out what is broken', () => {
    const text = `WEBVTT\r\n\r\none\r\n00:00:01.000 --> 00:00:02.000\r\na.jpg\r\n\r\n00:00:xx --> 00:00:03.000\r\nb.jpg\r\n\r\n00:00:04.000 --> 00:00:05.000\r\n`;
    expect(readStoryboard(text, URL_, 0).map((t) => t.url)).toEqual([
      'http://host/hls/main/thumbnails/a.jpg',
    ]);
  });

  it('is empty for an empty storyboard', () => {
    expect(readStoryboard('WEBVTT\n\n', URL_, RUN)).toEqual([]);
  });
});

describe('thumbnailAt', () => {
  const thumbnails = readStoryboard(VTT, URL_, RUN);
  it.each([
    [0, 5_000],
    [5_000, 5_000],
    [9_999, 5_000],
    [10_000, 10_000],
    [2_000_000, 10_000],
    [9_999_999, 3_723_456],
  ])('at %i ms after the beginning', (at, fromMs) => {
    expect(thumbnailAt(thumbnails, RUN + at)?.fromMs).toBe(RUN + fromMs);
  });

  it('has none when there is none', () => {
    expect(thumbnailAt([], RUN)).toBeUndefined();
  });
});
