import type { Size, Tile } from './layout.ts';

/** A picture of 8-bit 4:2:0: luma, and both chroma planes at half the width and height. */
export interface Picture extends Size {
  /** All three planes, one after the other, as ffmpeg's `rawvideo` has them. */
  bytes: Uint8Array;
}

/** Bytes of a picture; both sides are even. */
export const pictureBytes = ({ width, height }: Size): number => (width * height * 3) / 2;

export function newPicture(size: Size, bytes = new Uint8Array(pictureBytes(size))): Picture {
  if (size.width % 2 !== 0 || size.height % 2 !== 0 || bytes.length !== pictureBytes(size)) {
    throw new RangeError(`no 4:2:0 picture of ${size.width}x${size.height}`);
  }
  return { width: size.width, height: size.height, bytes };
}

/** Colour in BT.709 of limited range. */
export interface Colour {
  y: number;
  u: number;
  v: number;
}

interface Plane {
  at: number;
  stride: number;
  /** How many pixels of luma one of this plane stands for, in either direction. */
  step: number;
}

const PLANES = 3;
function planeOf({ width, height }: Size, index: number): Plane {
  if (index === 0) return { at: 0, stride: width, step: 1 };
  const chroma = (width * height) / 4;
  return { at: width * height + (index - 1) * chroma, stride: width / 2, step: 2 };
}

/** One colour everywhere in the tile. */
export function fill(canvas: Picture, tile: Tile, colour: Colour): void {
  const values = [colour.y, colour.u, colour.v];
  for (let p = 0; p < PLANES; p++) {
    const { at, stride, step } = planeOf(canvas, p);
    const from = tile.x / step;
    const to = (tile.x + tile.width) / step;
    for (let row = tile.y / step; row < (tile.y + tile.height) / step; row++) {
      canvas.bytes.fill(values[p] ?? 0, at + row * stride + from, at + row * stride + to);
    }
  }
}

/**
 * Puts a picture on a tile of the canvas. One of the tile's size is copied;
 * another is stretched to it, by the nearest pixels: it is there for moments,
 * until a picture of the right size comes.
 */
export function place(canvas: Picture, picture: Picture, tile: Tile): void {
  const same = picture.width === tile.width && picture.height === tile.height;
  for (let p = 0; p < PLANES; p++) {
    const to = planeOf(canvas, p);
    const from = planeOf(picture, p);
    const rows = tile.height / to.step;
    const columns = tile.width / to.step;
    for (let row = 0; row < rows; row++) {
      const target = to.at + (tile.y / to.step + row) * to.stride + tile.x / to.step;
      if (same) {
        const source = from.at + row * from.stride;
        canvas.bytes.set(picture.bytes.subarray(source, source + columns), target);
        continue;
      }
      const source = from.at + Math.floor((row * picture.height) / tile.height) * from.stride;
      for (let column = 0; column < columns; column++) {
        canvas.bytes[target + column] =
          picture.bytes[source + Math.floor((column * picture.width) / tile.width)] ?? 0;
      }
    }
  }
}

/** A picture with holes: how much of it covers what lies below, by the pixel of luma, 0 to 255. */
export interface Overlay {
  picture: Picture;
  alpha: Uint8Array;
}

/** Lays an overlay over the canvas with its upper left corner at an even place. */
export function blend(canvas: Picture, { picture, alpha }: Overlay, x: number, y: number): void {
  for (let p = 0; p < PLANES; p++) {
    const to = planeOf(canvas, p);
    const from = planeOf(picture, p);
    for (let row = 0; row < picture.height / to.step; row++) {
      const target = to.at + (y / to.step + row) * to.stride + x / to.step;
      const source = from.at + row * from.stride;
      const cover = row * to.step * picture.width;
      for (let column = 0; column < picture.width / to.step; column++) {
        const a = alpha[cover + column * to.step] ?? 0;
        if (a === 0) continue;
        const below = canvas.bytes[target + column] ?? 0;
        const above = picture.bytes[source + column] ?? 0;
        canvas.bytes[target + column] = below + Math.round(((above - below) * a) / 255);
      }
    }
  }
}

/** From what a drawing gives: 8 bits of red, green, blue and alpha a pixel, premultiplied. */
export function overlayOf(premultiplied: Uint8Array, size: Size): Overlay {
  const rgba = straight(premultiplied);
  const picture = newPicture(size);
  const alpha = new Uint8Array(size.width * size.height);
  for (let i = 0; i < alpha.length; i++) {
    alpha[i] = rgba[i * 4 + 3] ?? 0;
    picture.bytes[i] = lumaOf(rgba, i);
  }
  for (let p = 1; p < PLANES; p++) {
    const { at, stride } = planeOf(size, p);
    for (let row = 0; row < size.height / 2; row++) {
      for (let column = 0; column < stride; column++) {
        const i = row * 2 * size.width + column * 2;
        picture.bytes[at + row * stride + column] = chromaOf(rgba, i, p);
      }
    }
  }
  return { picture, alpha };
}

/** Colours as they are without their alpha. */
function straight(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => {
    const alpha = rgba[i | 3] ?? 0;
    return (i & 3) === 3 || alpha === 0 ? value : Math.min(255, Math.round((value * 255) / alpha));
  });
}

const RED = 0.2126;
const BLUE = 0.0722;
const GREEN = 1 - RED - BLUE;

const grey = (rgba: Uint8Array, i: number): number =>
  RED * (rgba[i * 4] ?? 0) + GREEN * (rgba[i * 4 + 1] ?? 0) + BLUE * (rgba[i * 4 + 2] ?? 0);

const lumaOf = (rgba: Uint8Array, i: number): number =>
  Math.round(16 + (grey(rgba, i) * 219) / 255);

function chromaOf(rgba: Uint8Array, i: number, plane: number): number {
  const [colour, share] = plane === 1 ? [rgba[i * 4 + 2] ?? 0, BLUE] : [rgba[i * 4] ?? 0, RED];
  return Math.round(128 + ((colour - grey(rgba, i)) / (2 * (1 - share))) * (224 / 255));
}
