import { expect, it } from 'vitest';
import { callServerTag, eventInPath, tagInPath } from './tag.ts';

const tag = callServerTag('machine-1-callserver');

it('stands for a node and does not name it', () => {
  expect(tag).toMatch(/^[0-9a-f]{8}$/);
  expect(callServerTag('machine-2-callserver')).not.toBe(tag);
});

it.each([
  [`/whip/main/camera/${tag}.abcdef`, tag],
  [`/whip/main/camera/${tag}.abcdef?x=1`, tag],
  ['/whip/main', undefined],
  ['/whip/main/camera', undefined],
  [`/whip/main/camera/${tag}`, undefined],
  ['/whip/main/camera/ABCDEF12.x', undefined],
  [`/whip/main/camera/${tag}.x/y`, undefined],
  [`/whep/main/${tag}.abcdef`, tag],
  [`/whep/main/${tag}.abcdef/events/1?x=1`, tag],
  ['/whep/main', undefined],
  ['/whep/main/', undefined],
])('is found in %s: %s', (path, found) => {
  expect(tagInPath(path)).toBe(found);
});

it.each([
  ['/whip/main', 'main'],
  ['/whip/main/camera', 'main'],
  ['/whep/main?token=x', 'main'],
  ['/hls/main', undefined],
])('the event in %s is %s', (path, found) => {
  expect(eventInPath(path)).toBe(found);
});
