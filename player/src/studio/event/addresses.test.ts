import { expect, it } from 'vitest';
import { embedCode, embedUrl, hlsUrl, serverOf } from './addresses.ts';

const WATCH = 'https://live.example.org/watch/main';

it('leads from the watch page to the embed page and the playlist', () => {
  expect(embedUrl(WATCH)).toBe('https://live.example.org/embed/main');
  expect(hlsUrl(WATCH)).toBe('https://live.example.org/hls/main/master.m3u8');
});

it('embedCode escapes the title', () => {
  expect(embedCode('u', '"Tom & <Jerry>"')).toContain(
    'title="&quot;Tom &amp; &lt;Jerry&gt;&quot;"',
  );
});

it('serverOf leaves the key out', () => {
  expect(serverOf('rtmp://host:1960/live/SECRET')).toBe('rtmp://host:1960/live');
});
