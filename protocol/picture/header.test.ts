import { describe, expect, it } from 'vitest';
import { readPictureHeader } from './header.ts';

const ascii = (text: string): number[] => [...text].map((sign) => sign.charCodeAt(0));
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? ascii(part) : part)));

/** Signature, length and name of IHDR, 640 × 480. */
const PNG = bytes('\x89PNG\r\n\x1a\n', [0, 0, 0, 13], 'IHDR', [0, 0, 2, 128, 0, 0, 1, 224]);
/** 3 × 2 of the logical screen. */
const GIF = bytes('GIF89a', [3, 0, 2, 0, 0]);
/** SOI, APP0 of 4 bytes, a fill byte, DHT of 2, then SOF2: 8 bits, 300 high, 400 wide. */
const JPEG_FRAME = [0xff, 0xc2, 0, 17, 8, 1, 44, 1, 144, 3];
const JPEG = bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc4, 0, 2], JPEG_FRAME);
const riff = (kind: string, ...rest: number[]) =>
  bytes('RIFF', [0, 0, 0, 0], 'WEBP', kind, [0, 0, 0, 0], rest, new Array(16).fill(0));
/** Canvas of 16,385 × 2, each less one in 24 bits. */
const WEBP_EXTENDED = riff('VP8X', 0, 0, 0, 0, 0, 0x40, 0, 1, 0, 0);
/** 14 bits each, less one: 10 × 5. */
const WEBP_LOSSLESS = riff('VP8L', 0x2f, 9, 0, 1, 0);
/** Frame tag, start code, 176 × 144 with scales in the upper two bits. */
const WEBP_LOSSY = riff('VP8 ', 0, 0, 0, 0x9d, 1, 0x2a, 176, 0x40, 144, 0x80);

describe('readPictureHeader', () => {
  it.each([
    ['PNG', PNG, { type: 'image/png', width: 640, height: 480 }],
    ['GIF', GIF, { type: 'image/gif', width: 3, height: 2 }],
    ['JPEG', JPEG, { type: 'image/jpeg', width: 400, height: 300 }],
    ['WebP, extended', WEBP_EXTENDED, { type: 'image/webp', width: 16_385, height: 2 }],
    ['WebP, lossless', WEBP_LOSSLESS, { type: 'image/webp', width: 10, height: 5 }],
    ['WebP, lossy', WEBP_LOSSY, { type: 'image/webp', width: 176, height: 144 }],
  ])('of %s', (_name, file, header) => {
    expect(readPictureHeader(file)).toEqual(header);
  });

  it.each([
    ['nothing', bytes('')],
    ['SVG', bytes('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
    ['a page', bytes('<!doctype html>')],
    ['a picture without size', bytes('GIF89a', [0, 0, 2, 0, 0])],
    ['a JPEG whose frame never comes', JPEG.slice(0, 16)],
    [
      'a JPEG with a segment shorter than its length',
      bytes([0xff, 0xd8, 0xff, 0xe0, 0, 0], JPEG_FRAME),
    ],
    ['a JPEG with a scan before its frame', bytes([0xff, 0xd8, 0xff, 0xda, 0, 2], JPEG_FRAME)],
    ['a RIFF of another kind', bytes('RIFF', [0, 0, 0, 0], 'WAVEfmt ', new Array(40).fill(0))],
  ])('is undefined of %s', (_name, file) => {
    expect(readPictureHeader(file)).toBeUndefined();
  });

  it('is safe with every beginning of a picture, and with any byte of it changed', () => {
    for (const file of [PNG, GIF, JPEG, WEBP_EXTENDED, WEBP_LOSSLESS, WEBP_LOSSY]) {
      for (let length = 0; length <= file.length; length++) {
        readPictureHeader(file.slice(0, length));
        for (const value of [0, 1, 0x7f, 0xff])
          readPictureHeader(file.with(length % file.length, value));
      }
    }
  });
});
