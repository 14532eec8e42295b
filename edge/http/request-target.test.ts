import { expect, it } from 'vitest';
import { originForm } from './request-target.ts';

it.each([
  ['/', '/'],
  ['/hls/main/master.m3u8?token=a', '/hls/main/master.m3u8?token=a'],
  ['//a/b', '//a/b'],
  ['http://a.example/api/info', '/api/info'],
  ['HTTPS://a.example:8443/api?x=/', '/api?x=/'],
  ['http://a.example', '/'],
  ['http://a.example?x', '/?x'],
  ['*', undefined],
  ['', undefined],
  ['@inner.example/', undefined],
  [':1@inner.example/', undefined],
  ['.inner.example/', undefined],
  ['ftp://a.example/', undefined],
])('of %j the path is %j', (target, expected) => {
  expect(originForm(target)).toBe(expected);
});
