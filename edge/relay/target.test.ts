import { describe, expect, it } from 'vitest';
import { TargetMemo, targetOf } from './target.ts';

const found = (url: string) => {
  const target = targetOf(url);
  if (target === undefined || target === 'bad') throw new Error(`${url}: ${target}`);
  return target;
};

describe('targetOf', () => {
  it.each([
    ['/hls/main/master.m3u8', 'text'],
    ['/hls/main/plain.m3u8', 'text'],
    ['/hls/main/status.json', 'status'],
    ['/hls/main/poster.jpg', 'object'],
    ['/hls/main/thumbnails/storyboard.vtt', 'text'],
    ['/hls/main/thumbnails/1767323045000.jpg', 'object'],
    ['/hls/a/720p/media.m3u8', 'playlist'],
    ['/hls/a-b/720p/plain.m3u8', 'playlist'],
    ['/hls/a-b/720p/iframes.m3u8', 'playlist'],
    ['/hls/a-b/720p/897000000.m4s', 'object'],
    ['/hls/a-b/720p/897000000.12.m4s', 'object'],
    ['/hls/a-b/720p/init-0123456789ab.mp4', 'object'],
  ])('knows %s as %s', (url, kind) => {
    expect(found(url)).toMatchObject({ kind, key: url, openKey: url, isBlocking: false });
  });

  it.each([
    '/hls/',
    '/hls/main',
    '/hls/main/',
    '/hls/Main/master.m3u8',
    '/hls/-main/master.m3u8',
    `/hls/${'a'.repeat(65)}/master.m3u8`,
    '/hls/main/../main/master.m3u8',
    '/hls/main/%2e%2e/master.m3u8',
    '/hls/main//media.m3u8',
    '/hls/main/720p/1.2.3.m4s',
    '/hls/main/720p/-1.m4s',
    '/hls/main/720p/1.12345.m4s',
    '/hls/main/720p/init-0123456789AB.mp4',
    '/hls/main/720p/media.m3u8/',
    '/hls/main/720p/index.jsonl',
    '/api/events',
    `/hls/main/master.m3u8?${'a'.repeat(2_048)}`,
  ])('knows nothing of %s', (url) => {
    expect(targetOf(url)).toBeUndefined();
  });

  it('brings directives into one form, whatever the order, and ignores the rest', () => {
    const path = '/hls/main/720p/media.m3u8';
    const key = `${path}?_HLS_msn=7&_HLS_part=2&_HLS_skip=YES`;
    for (const query of [
      '_HLS_msn=7&_HLS_part=2&_HLS_skip=YES',
      'utm=1&_HLS_skip=v2&_HLS_part=02&_HLS_msn=007',
    ]) {
      const target = found(`${path}?${query}`);
      expect(target).toMatchObject({ key, openKey: `${path}?_HLS_skip=YES`, isBlocking: true });
    }
    expect(found(`${path}?_HLS_skip=maybe`).key).toBe(path);
    expect(found('/hls/main/720p/1.m4s?_HLS_msn=1').key).toBe('/hls/main/720p/1.m4s');
  });

  it.each([
    '_HLS_part=1',
    '_HLS_msn=-1',
    '_HLS_msn=1.5',
    '_HLS_msn=x',
    '_HLS_msn=',
    '_HLS_msn=1&_HLS_part=',
    '_HLS_msn=1&_HLS_part=1e3',
    '_HLS_msn=1234567890123456',
  ])('finds fault with %s', (query) => {
    expect(targetOf(`/hls/main/720p/media.m3u8?${query}`)).toBe('bad');
  });

  it('never asks or keeps with a token: only with the mark that there is one', () => {
    const playlist = found('/hls/main/720p/media.m3u8?token=se.cr.et&_HLS_msn=1');
    expect(playlist).toMatchObject({
      token: 'se.cr.et',
      key: '/hls/main/720p/media.m3u8?_HLS_msn=1&token=1',
      openKey: '/hls/main/720p/media.m3u8?token=1',
    });
    const part = found('/hls/main/720p/1.2.m4s?token=se.cr.et');
    expect(part).toMatchObject({ token: 'se.cr.et', key: '/hls/main/720p/1.2.m4s' });
    expect(found(`/hls/main/720p/1.m4s?token=${'a'.repeat(1_025)}`).token).toBeUndefined();
  });

  it('reads who waits for a status, and what relays report', () => {
    const at = '/hls/main/status.json';
    expect(found(`${at}?after=12&viewer=abcdef123`)).toMatchObject({
      after: 12,
      viewer: 'abcdef123',
    });
    expect(found(`${at}?relay=abcdefgh&viewers=7`).report).toEqual({
      relay: 'abcdefgh',
      viewers: 7,
    });
    expect(found(`${at}?relay=abcdefgh&viewers=-7`).report).toBeUndefined();
    expect(found(`${at}?viewer=UPPER-case`).viewer).toBeUndefined();
    expect(targetOf(`${at}?after=soon`)).toBe('bad');
  });
});

describe('TargetMemo', () => {
  it('gives what targetOf gives, and stays within its bound', () => {
    const memo = new TargetMemo(4);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) {
        const url = `/hls/main/720p/${i}.m4s`;
        expect(memo.get(url)).toEqual(targetOf(url));
      }
    }
    const url = '/hls/main/720p/1.m4s';
    expect(memo.get(url)).toBe(memo.get(url));
    expect(memo.get('/nothing')).toBeUndefined();
    expect(memo.get('/hls/main/720p/media.m3u8?_HLS_part=1')).toBe('bad');
  });
});
