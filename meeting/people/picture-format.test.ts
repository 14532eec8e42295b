import { describe, expect, it } from 'vitest';
import { profilePicture } from './picture-format.ts';

const text = (signs: string): number[] => [...signs].map((sign) => sign.charCodeAt(0));
const be16 = (n: number) => [n >> 8, n & 255];
const le16 = (n: number) => [n & 255, n >> 8];

const png = (width: number, height: number): number[] => [
  ...[0x89, ...text('PNG'), 0x0d, 0x0a, 0x1a, 0x0a],
  ...[0, 0, 0, 13, ...text('IHDR'), 0, 0, ...be16(width), 0, 0, ...be16(height)],
];
const jpeg = (width: number, height: number): number[] => [
  ...[0xff, 0xd8, 0xff, 0xe0, ...be16(16), ...new Array<number>(14).fill(0)],
  // DHT stands among the start-of-frame markers and is none.
  ...[0xff, 0xc4, ...be16(4), 9, 9],
  ...[0xff, 0xc2, ...be16(17), 8, ...be16(height), ...be16(width)],
];
const riff = (chunk: string, body: number[]): number[] => [
  ...text('RIFF'),
  ...[0, 0, 0, 0],
  ...text('WEBP'),
  ...text(chunk),
  ...[0, 0, 0, 0],
  ...body,
];
const lossy = (width: number, height: number): number[] =>
  riff('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, ...le16(width), ...le16(height)]);
const lossless = (width: number, height: number): number[] => {
  const sides = (width - 1) | ((height - 1) << 14);
  return riff('VP8L', [0x2f, ...le16(sides & 0xffff), ...le16(sides >>> 16)]);
};
const extended = (width: number, height: number): number[] =>
  riff('VP8X', [0, 0, 0, 0, ...le16(width - 1), 0, ...le16(height - 1), 0]);

describe('a profile picture', () => {
  it.each([
    ['PNG', png, 'image/png'],
    ['JPEG', jpeg, 'image/jpeg'],
    ['lossy WebP', lossy, 'image/webp'],
    ['lossless WebP', lossless, 'image/webp'],
    ['extended WebP', extended, 'image/webp'],
  ] as const)('may be %s, square, of 32 to 512 pixels', (_, make, mediaType) => {
    const of = (width: number, height: number) =>
      profilePicture(Uint8Array.from(make(width, height)));
    for (const side of [32, 256, 512]) {
      expect(of(side, side)).toEqual({ mediaType, width: side, height: side });
    }
    for (const [width, height] of [
      [31, 31],
      [513, 513],
      [256, 255],
    ] as const) {
      expect(() => of(width, height)).toThrow(`${width} × ${height}`);
    }
  });

  it('is nothing else, whatever it begins with, and not half a header', () => {
    for (const bytes of [
      [],
      text('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      text('GIF89a\x20\x00\x20\x00\x00\x00\x00\x00'),
      riff('ICCP', new Array<number>(40).fill(0)),
      [0xff, 0xd8, ...new Array<number>(64).fill(0)],
    ]) {
      expect(() => profilePicture(Uint8Array.from(bytes))).toThrow('WebP, JPEG or PNG');
    }
    for (const whole of [png(64, 64), jpeg(64, 64), lossy(64, 64), lossless(64, 64)]) {
      for (let length = 0; length < whole.length - 2; length++) {
        expect(() => profilePicture(Uint8Array.from(whole.slice(0, length)))).toThrow();
      }
    }
  });
});
