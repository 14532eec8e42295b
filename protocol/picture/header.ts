/** What a picture file says of itself at its beginning. */
export interface PictureHeader {
  type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  /** Pixels. */
  width: number;
  height: number;
}

type Read = (bytes: Uint8Array, view: DataView) => Size | undefined;
interface Size {
  width: number;
  height: number;
}

/** By what they begin with; the order does not matter. */
const FORMATS: readonly { type: PictureHeader['type']; read: Read }[] = [
  { type: 'image/png', read: png },
  { type: 'image/jpeg', read: jpeg },
  { type: 'image/gif', read: gif },
  { type: 'image/webp', read: webp },
];

/**
 * Type and size of a picture, by the first bytes of its file: some dozens, of a
 * JPEG with a preview in it up to 64 KiB for each segment before its frame.
 * Undefined where it is no such picture, or its size does not stand there.
 */
export function readPictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { type, read } of FORMATS) {
    const size = read(bytes, view);
    if (size !== undefined && size.width > 0 && size.height > 0) return { type, ...size };
  }
  return undefined;
}

const has = (bytes: Uint8Array, at: number, text: string): boolean =>
  bytes.length >= at + text.length &&
  [...text].every((sign, i) => bytes[at + i] === sign.charCodeAt(0));

/** PNG (RFC 2083, 3.2 and 4.1.1): the signature, and IHDR as the first chunk. */
function png(bytes: Uint8Array, view: DataView): Size | undefined {
  if (bytes.length < 24 || !has(bytes, 0, '\x89PNG\r\n\x1a\n') || !has(bytes, 12, 'IHDR')) {
    return undefined;
  }
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** GIF89a, 18: the logical screen. */
function gif(bytes: Uint8Array, view: DataView): Size | undefined {
  if (bytes.length < 10 || !(has(bytes, 0, 'GIF87a') || has(bytes, 0, 'GIF89a'))) return undefined;
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

const START_OF_IMAGE = 0xd8;
const START_OF_SCAN = 0xda;
/** SOF0 to SOF15 but for DHT, JPG and DAC, which have numbers among them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** JPEG (ITU-T T.81, B.1.1.4 and B.2.2): segments up to the frame header. */
function jpeg(bytes: Uint8Array, view: DataView): Size | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== START_OF_IMAGE) return undefined;
  let at = 2;
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    // Fill bytes before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (isFrame(marker)) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === START_OF_SCAN) return undefined;
    const length = view.getUint16(at + 2);
    if (length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

/** WebP (RFC 9649, 2.5 to 2.7): lossy, lossless, or extended. */
function webp(bytes: Uint8Array, view: DataView): Size | undefined {
  if (bytes.length < 25 || !has(bytes, 0, 'RIFF') || !has(bytes, 8, 'WEBP')) return undefined;
  if (has(bytes, 12, 'VP8L') && bytes[20] === 0x2f) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (bytes.length < 30) return undefined;
  if (has(bytes, 12, 'VP8X')) {
    const uint24 = (at: number) => view.getUint16(at, true) | ((bytes[at + 2] ?? 0) << 16);
    return { width: uint24(24) + 1, height: uint24(27) + 1 };
  }
  // A key frame (RFC 6386, 9.1): three bytes of tag, then the start code.
  if (has(bytes, 12, 'VP8 ') && has(bytes, 23, '\x9d\x01\x2a')) {
    return {
      width: view.getUint16(26, true) & 0x3fff,
      height: view.getUint16(28, true) & 0x3fff,
    };
  }
  return undefined;
}
