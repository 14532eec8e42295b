import { expect, it } from 'vitest';
import { micros } from '#base';
import type { MediaUnit } from '#contracts';
import { media } from '#support';
import { Opening } from './opening.ts';

const picture = (ms: number, key = false, bytes = 10): MediaUnit => {
  const dts = micros(ms * 1000);
  const payload = media.accessUnit(key, bytes);
  return { track: 'video', codec: 'h264', dts, pts: dts, key, payload };
};
const sound = (ms: number): MediaUnit => {
  const pts = micros(ms * 1000);
  return { track: 'audio', codec: 'aac', dts: pts, pts, key: true, payload: Uint8Array.of(1) };
};

it('Opening.take begins with the first key frame, and copies what it holds', () => {
  const opening = new Opening();
  opening.push(sound(0));
  opening.push(picture(10));
  expect(opening.hasKey).toBe(false);
  const key = picture(50, true);
  opening.push(key);
  opening.push(sound(60));
  key.payload.fill(0);
  expect(opening.hasKey).toBe(true);
  const taken = opening.take();
  expect(taken.map((unit) => unit.dts)).toEqual([50_000, 60_000]);
  expect(taken[0]?.payload).toEqual(media.accessUnit(true, 10));
  expect(opening.firstUs).toBeUndefined();
});

it('Opening.take gives all the sound where there is no picture', () => {
  const opening = new Opening();
  for (const ms of [0, 20, 40]) opening.push(sound(ms));
  expect(opening.take()).toHaveLength(3);
});

const filled = (fps: number, frames: number) => {
  const opening = new Opening();
  for (let i = 0; i < frames; i++) opening.push(picture(Math.round((i * 1000) / fps)));
  return opening;
};

it.each([23.976, 25, 29.97, 50, 60])('Opening.frameRate finds %d frames a second', (fps) => {
  expect(filled(fps, 8).frameRate(undefined)).toBeUndefined();
  const measured = filled(fps, 30).frameRate(undefined) ?? 0;
  expect(Math.abs(measured - fps)).toBeLessThan(fps / 50);
});

it.each([
  ['30 from 29.97', 30, 30, 30],
  ['29.97 from 30', 29.97, 29.97, 29.97],
  ['nonsense from a rate', 30, 1000, undefined],
])('Opening.frameRate tells %s by what the encoder states', (_what, fps, stated, expected) => {
  const opening = filled(fps, 9);
  expect(opening.frameRate(stated)).toBe(expected ?? opening.frameRate(undefined));
});

it('Opening holds no more than its bounds', () => {
  const opening = new Opening();
  for (let i = 0; i < 4_001; i++) opening.push(picture(i));
  expect(opening.take()).toHaveLength(1);
  for (let i = 0; i < 40; i++) opening.push(picture(i, false, 1024 * 1024));
  expect(opening.take().length).toBeLessThan(34);
});
