import { describe, expect, it } from 'vitest';
import {
  bitrateText,
  clockText,
  clockWords,
  readStart,
  secondsText,
  viewersText,
} from './format.ts';

describe('clockText', () => {
  it.each([
    [0, '0:00'],
    [59.9, '0:59'],
    [61, '1:01'],
    [3_599, '59:59'],
    [3_600, '1:00:00'],
    [7_325, '2:02:05'],
    [-4, '0:00'],
  ])('%d s', (seconds, text) => {
    expect(clockText(seconds)).toBe(text);
  });
});

describe('clockWords', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [61, '1 minute 1 second'],
    [7_322, '2 hours 2 minutes 2 seconds'],
  ])('%d s', (seconds, text) => {
    expect(clockWords(seconds)).toBe(text);
  });
});

describe('readStart', () => {
  const run = 1_800_000_000_000;
  it.each([
    ['1800000123', 1_800_000_123_000],
    ['90', run + 90_000],
    ['90s', run + 90_000],
    ['1m30s', run + 90_000],
    ['1h2m3s', run + 3_723_000],
    ['2h', run + 7_200_000],
  ])('%s', (text, ms) => {
    expect(readStart(text, run)).toBe(ms);
  });

  it.each([null, '', 'live', '-5', '1.5', '1s2m', '99999999999999999999'])('refuses %s', (text) => {
    expect(readStart(text, run)).toBeUndefined();
  });

  it('knows no distance from a beginning that is not known', () => {
    expect(readStart('90', undefined)).toBeUndefined();
    expect(readStart('1800000123', undefined)).toBe(1_800_000_123_000);
  });
});

describe('figures', () => {
  it('are written as people read them', () => {
    expect(bitrateText(2_812_694)).toBe('2.8 Mbit/s');
    expect(bitrateText(512_000)).toBe('512 kbit/s');
    expect(bitrateText(Number.NaN)).toBe('–');
    expect(secondsText(712, 2)).toBe('0.71 s');
    expect(secondsText(undefined)).toBe('–');
    expect(viewersText(1234, 'en')).toBe('1,234 watching');
  });
});
