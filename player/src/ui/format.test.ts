import { describe, expect, it } from 'vitest';
import { ago, bitrate, clock, delay, frameRate, plural, span } from './format.ts';

describe('format', () => {
  it.each([
    [0, '0 kbit/s'],
    [128_000, '128 kbit/s'],
    [999_499, '999 kbit/s'],
    [999_500, '1.00 Mbit/s'],
    [2_531_000, '2.53 Mbit/s'],
  ])('bitrate(%d) reads %s', (bps, text) => expect(bitrate(bps)).toBe(text));

  it.each([
    [30, '30 fps'],
    [30_000 / 1001, '29.97 fps'],
    [23.976, '23.98 fps'],
    [12.5, '12.5 fps'],
  ])('frameRate(%d) reads %s', (fps, text) => expect(frameRate(fps)).toBe(text));

  it.each([
    [420, '420 ms'],
    [-3, '−3 ms'],
    [999.6, '1.0 s'],
    [1_340, '1.3 s'],
    [-1_058, '−1.1 s'],
  ])('delay(%d) reads %s', (ms, text) => expect(delay(ms)).toBe(text));

  it.each([
    [-5, '0:00'],
    [7_999, '0:07'],
    [725_000, '12:05'],
    [3_723_000, '1:02:03'],
  ])('clock(%d) reads %s', (ms, text) => expect(clock(ms)).toBe(text));

  it.each([
    [30, '30 seconds'],
    [60, '1 minute'],
    [90, '90 seconds'],
    [7_200, '2 hours'],
    [604_800, '7 days'],
  ])('span(%d) reads %s', (seconds, text) => expect(span(seconds)).toBe(text));

  it('plural counts one and many', () => {
    expect(plural(1, 'person', 'people')).toBe('1 person');
    expect(plural(1204, 'person', 'people')).toBe('1,204 people');
  });

  it('ago grows coarser with distance', () => {
    const now = Date.UTC(2026, 5, 1);
    expect(ago(now - 10_000, now)).toBe('just now');
    expect(ago(now - 12 * 60_000, now)).toBe('12 minutes ago');
    expect(ago(now - 86_400_000, now)).toBe('yesterday');
    expect(ago(now - 400 * 86_400_000, now)).toMatch(/2025/);
  });
});
