/** ISO base media file format (ISO/IEC 14496-12): writing boxes by nesting. */

/** Bytes, a nested box, or a list of them. */
export type BoxContent = Uint8Array | readonly BoxContent[];

export function box(type: string, ...content: readonly BoxContent[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  flatten(content, pieces);
  let size = 8;
  for (const piece of pieces) size += piece.length;
  const out = new Uint8Array(size);
  new DataView(out.buffer).setUint32(0, size);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  let at = 8;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...content: readonly BoxContent[]
): Uint8Array {
  return box(type, u32((version << 24) | flags), ...content);
}

function flatten(content: BoxContent, into: Uint8Array[]): void {
  if (content instanceof Uint8Array) {
    into.push(content);
    return;
  }
  for (const item of content) flatten(item, into);
}

export const u8 = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

export function u16(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 2);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    view.setUint16(i * 2, value);
  });
  return out;
}

export function u32(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value >>> 0);
  });
  return out;
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}

export const zeros = (count: number): Uint8Array => new Uint8Array(count);
