import { expect, it } from 'vitest';
import { dvrOptions, encoderName } from './words.ts';

it('dvrOptions offers the usual lengths', () => {
  expect(dvrOptions(7_200).map(({ label }) => label)).toContain('2 hours');
  expect(dvrOptions(7_200)).toHaveLength(9);
});

it('dvrOptions has an unusual length in its place', () => {
  const seconds = dvrOptions(100).map(({ value }) => Number(value));
  expect(seconds).toContain(100);
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
});

it.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safa',
    'Chrome 156',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox 140'],
  [
    'Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/121.0',
    'Edge 121',
  ],
  [
    'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15',
    'Safari 17',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Ver',
    'A browser',
  ],
  ['obs-output module (libobs version 29.0.2)', 'obs-output module (libobs version 29.0.2)'],
])('encoderName of %s is %s', (encoder, name) => expect(encoderName(encoder)).toBe(name));
