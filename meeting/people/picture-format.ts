import { AmphiError } from '#base';

/** What a picture file says of itself in its first bytes. */
export interface PictureFormat {
  mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
  width: number;
  height: number;
}

const MIN_SIDE = 32;
const MAX_SIDE = 512;

/**
 * Looks whether these bytes are a profile picture: PNG (W3C PNG 11.2.1), JPEG
 * (ITU-T T.81 B.2) or WebP (RFC 9649), square, 32 to 512 pixels a side. What a
 * sender says the bytes are is not asked. Throws `unsupported_media` or
 * `bad_request`.
 */
export function profilePicture(bytes: Uint8Array): PictureFormat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: PictureFormat | undefined;
  try {
    format = png(view) ?? jpeg(view) ?? webp(view);
  } catch (error) {
    // It ends before its header does.
    if (!(error instanceof RangeError)) throw error;
  }
  if (format === undefined) {
    throw new AmphiError('unsupported_media', 'image: must be a WebP, JPEG or PNG file');
  }
  const { width, height } = format;
  if (width !== height || width < MIN_SIDE || width > MAX_SIDE) {
    throw new AmphiError(
      'bad_request',
      `image: must be square, ${MIN_SIDE} to ${MAX_SIDE} pixels a side, and is ${width} × ${height}`,
    );
  }
  return format;
}

function png(view: DataView): PictureFormat | undefined {
  const isPng = view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a;
  if (!isPng || view.getUint32(12) !== fourCc('IHDR')) return undefined;
  return { mediaType: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
}

function jpeg(view: DataView): PictureFormat | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  let at = 2;
  for (;;) {
    const marker = view.getUint16(at);
    if (marker < 0xff01) return undefined;
    if (isStartOfFrame(marker)) {
      const height = view.getUint16(at + 5);
      return { mediaType: 'image/jpeg', width: view.getUint16(at + 7), height };
    }
    at += 2 + view.getUint16(at + 2);
  }
}

/** SOF0 to SOF15, among which stand DHT, JPG and DAC. */
const isStartOfFrame = (marker: number): boolean =>
  marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);

function webp(view: DataView): PictureFormat | undefined {
  if (view.getUint32(0) !== fourCc('RIFF') || view.getUint32(8) !== fourCc('WEBP')) {
    return undefined;
  }
  const mediaType = 'image/webp';
  switch (view.getUint32(12)) {
    case fourCc('VP8 '):
      return {
        mediaType,
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
    case fourCc('VP8L'): {
      const sides = view.getUint32(21, true);
      return { mediaType, width: 1 + (sides & 0x3fff), height: 1 + ((sides >>> 14) & 0x3fff) };
    }
    case fourCc('VP8X'):
      return { mediaType, width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) };
    default:
      return undefined;
  }
}

const uint24 = (view: DataView, at: number): number =>
  view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

const fourCc = (text: string): number =>
  [...text].reduce((code, sign) => code * 256 + sign.charCodeAt(0), 0);
