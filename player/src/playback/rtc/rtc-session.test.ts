import { expect, it } from 'vitest';
import { latencyOf } from './rtc-session.ts';

const FIGURES = {
  bitsPerSecond: 0,
  fps: 30,
  width: 640,
  height: 360,
  codec: 'H264',
  lost: 0,
  frozen: 0,
  rttMs: 40,
  bufferMs: 60,
};
const NOW = 1_790_000_000_000;

it.each([
  ['the browser’s word where it gives one', NOW - 230, 230],
  ['an estimate where it does not', undefined, 230],
  ['an estimate where its clock is another one', NOW + 5_000, 230],
  ['an estimate where its word is absurd', NOW - 60_000, 230],
])('the distance to live is %s', (_, capturedMs, ms) => {
  expect(latencyOf({ ...FIGURES, capturedMs }, NOW)).toBe(ms);
});
