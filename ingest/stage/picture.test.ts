import { describe, expect, it } from 'vitest';
import { blend, fill, newPicture, overlayOf, pictureBytes, place } from './picture.ts';

const lumaAt = (picture: { width: number; bytes: Uint8Array }, x: number, y: number) =>
  picture.bytes[y * picture.width + x];

const grey = (width: number, height: number, y: number) => {
  const picture = newPicture({ width, height });
  fill(picture, { x: 0, y: 0, width, height }, { y, u: 128, v: 128 });
  return picture;
};

describe('newPicture', () => {
  it('is refused with odd sides or the wrong number of bytes', () => {
    expect(() => newPicture({ width: 3, height: 2 })).toThrow(RangeError);
    expect(() => newPicture({ width: 2, height: 2 }, new Uint8Array(7))).toThrow(RangeError);
    expect(pictureBytes({ width: 4, height: 2 })).toBe(12);
  });
});

describe('place', () => {
  it('copies a picture of the right size to its tile and nowhere else', () => {
    const canvas = grey(8, 8, 16);
    place(canvas, grey(4, 4, 200), { x: 2, y: 4, width: 4, height: 4 });
    expect(lumaAt(canvas, 2, 4)).toBe(200);
    expect(lumaAt(canvas, 5, 7)).toBe(200);
    expect(lumaAt(canvas, 1, 4)).toBe(16);
    expect(lumaAt(canvas, 6, 4)).toBe(16);
    expect(lumaAt(canvas, 2, 3)).toBe(16);
  });

  it('stretches one of another size over the whole tile', () => {
    const canvas = grey(16, 16, 16);
    const picture = newPicture({ width: 2, height: 2 }, Uint8Array.of(50, 100, 150, 200, 90, 160));
    place(canvas, picture, { x: 0, y: 0, width: 16, height: 16 });
    expect(lumaAt(canvas, 0, 0)).toBe(50);
    expect(lumaAt(canvas, 15, 0)).toBe(100);
    expect(lumaAt(canvas, 0, 15)).toBe(150);
    expect(lumaAt(canvas, 15, 15)).toBe(200);
    expect(canvas.bytes[256 + 63]).toBe(90);
    expect(canvas.bytes[256 + 64]).toBe(160);
  });
});

describe('overlayOf and blend', () => {
  it('covers by alpha, in the colours of limited-range BT.709', () => {
    const rgba = new Uint8Array(4 * 4 * 4);
    for (let i = 0; i < 16; i++) rgba.set([255, 255, 255, i < 8 ? 255 : 0], i * 4);
    const overlay = overlayOf(rgba, { width: 4, height: 4 });
    expect(overlay.picture.bytes[0]).toBe(235);
    expect(overlay.picture.bytes[16]).toBe(128);
    const canvas = grey(8, 8, 16);
    blend(canvas, overlay, 2, 2);
    expect(lumaAt(canvas, 2, 2)).toBe(235);
    expect(lumaAt(canvas, 2, 4)).toBe(16);
    expect(lumaAt(canvas, 1, 2)).toBe(16);
  });

  it('takes premultiplied colours', () => {
    const half = new Uint8Array(16).fill(128);
    const canvas = grey(2, 2, 16);
    blend(canvas, overlayOf(half, { width: 2, height: 2 }), 0, 0);
    expect(lumaAt(canvas, 0, 0)).toBe(16 + Math.round(((235 - 16) * 128) / 255));
  });

  it('knows red from blue', () => {
    const of = (r: number, g: number, b: number) => {
      const rgba = new Uint8Array(16);
      for (let i = 0; i < 4; i++) rgba.set([r, g, b, 255], i * 4);
      return [...overlayOf(rgba, { width: 2, height: 2 }).picture.bytes.subarray(3)];
    };
    expect(of(255, 0, 0)).toEqual([63, 102, 240]);
    expect(of(0, 0, 255)).toEqual([32, 240, 118]);
  });
});
