import { describe, expect, it } from 'vitest';
import { hintedPart, openingOf, openingVariant, variantsOf } from './read-ahead.ts';

const MASTER = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-STREAM-INF:BANDWIDTH=2900000,AVERAGE-BANDWIDTH=2800000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,NAME="720p"
720p/media.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000,NAME="360p"
360p/media.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=140800,CODECS="mp4a.40.2",NAME="audio"
audio/media.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=39733,CODECS="avc1.640015",RESOLUTION=426x240,URI="240p/iframes.m3u8"
`;

const MEDIA = `#EXTM3U
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PART:DURATION=0.33333,URI="10.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="10.1.m4s"
#EXT-X-PART:DURATION=0.33333,URI="10.2.m4s"
#EXTINF:1.00000,
10.m4s
#EXT-X-PART:DURATION=0.33333,URI="11.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="11.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="11.2.m4s"
#EXT-X-RENDITION-REPORT:URI="../360p/media.m3u8",LAST-MSN=11,LAST-PART=1
`;

const BASE = 'http://host/hls/main/720p/media.m3u8';

describe('variantsOf', () => {
  it('lists every variant with its address', () => {
    const variants = variantsOf(MASTER, 'http://host/hls/main/master.m3u8');
    expect(variants.map((v) => [v.name, v.height, v.url])).toEqual([
      ['720p', 720, 'http://host/hls/main/720p/media.m3u8'],
      ['360p', 360, 'http://host/hls/main/360p/media.m3u8'],
      ['audio', 0, 'http://host/hls/main/audio/media.m3u8'],
    ]);
    expect(variants[0]).toMatchObject({ bitsPerSecond: 2_900_000, width: 1280, frameRate: 30 });
    expect(variants[0]?.codecs).toBe('avc1.64001f,mp4a.40.2');
  });

  it('puts the token of a private event where its playlists want it', () => {
    const text = MASTER.replace('720p/media.m3u8', '720p/media.m3u8?token={$token}');
    const [first] = variantsOf(text, 'http://host/hls/main/master.m3u8?token=a%2Fb');
    expect(first?.url).toBe('http://host/hls/main/720p/media.m3u8?token=a%2Fb');
  });

  it('reads nothing from something else', () => {
    expect(variantsOf('<html>', BASE)).toEqual([]);
  });
});

describe('hintedPart', () => {
  it('finds the part that comes next', () => {
    expect(hintedPart(MEDIA, BASE)).toBe('http://host/hls/main/720p/11.2.m4s');
  });

  it('finds none in a playlist that has ended', () => {
    expect(hintedPart('#EXTM3U\n#EXT-X-ENDLIST\n', BASE)).toBeUndefined();
  });
});

describe('openingOf', () => {
  const names = (behind: number, text = MEDIA) =>
    openingOf(text, BASE, behind).urls.map((url) => url.split('/').at(-1));

  it('begins at the key frame of the segment that is being written', () => {
    expect(names(0.5)).toEqual(['init-0.mp4', '11.0.m4s', '11.1.m4s']);
  });

  it('reaches back into the segment before when the newest is too short', () => {
    expect(names(0.8)).toEqual([
      'init-0.mp4',
      '10.0.m4s',
      '10.1.m4s',
      '10.2.m4s',
      '11.0.m4s',
      '11.1.m4s',
    ]);
  });

  it('says how much that is', () => {
    expect(openingOf(MEDIA, BASE, 0.8).seconds).toBeCloseTo(5 / 3, 3);
  });

  it('leaves out parts that are missing', () => {
    const text = MEDIA.replace('URI="11.1.m4s"', 'URI="11.1.m4s",GAP=YES');
    expect(names(0.2, text)).not.toContain('11.1.m4s');
  });

  it('asks for nothing where there are no parts', () => {
    expect(names(1, '#EXTM3U\n#EXT-X-MAP:URI="init-0.mp4"\n#EXTINF:2,\n1.m4s\n')).toEqual([]);
  });
});

describe('openingVariant', () => {
  const variants = [
    { name: '1080p', bitsPerSecond: 5_000_000, width: 1920, height: 1080 },
    { name: '720p', bitsPerSecond: 2_900_000, width: 1280, height: 720 },
    { name: '360p', bitsPerSecond: 900_000, width: 640, height: 360 },
    { name: 'audio', bitsPerSecond: 140_000, width: 0, height: 0 },
  ];
  it.each([
    [20_000_000, 3840, '1080p'],
    [20_000_000, 1280, '720p'],
    [20_000_000, 390, '360p'],
    [4_500_000, 1920, '720p'],
    [1_400_000, 1920, '360p'],
    [100_000, 1920, '360p'],
  ])('at %i bit/s and %i pixels begins with %s', (bits, pixels, name) => {
    expect(openingVariant(variants, bits, pixels)?.name).toBe(name);
  });

  it('takes the sound where there is nothing else, and nothing from nothing', () => {
    expect(openingVariant(variants.slice(3), 1e6, 1280)?.name).toBe('audio');
    expect(openingVariant([], 1e6, 1280)).toBeUndefined();
  });
});
