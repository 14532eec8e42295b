import { AmphiError } from '#base';
import { readPictureHeader } from '#protocol';

const MIN_SIDE = 32;
const MAX_SIDE = 512;

/**
 * Looks whether these bytes are a profile picture: PNG, JPEG or WebP, square, 32
 * to 512 pixels a side. What a sender says the bytes are is not asked. Throws
 * `unsupported_media` or `bad_request`.
 */
export function profilePicture(bytes: Uint8Array): {
  mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
  width: number;
  height: number;
} {
  const header = readPictureHeader(bytes);
  if (header === undefined || header.type === 'image/gif') {
    throw new AmphiError('unsupported_media', 'image: must be a WebP, JPEG or PNG file');
  }
  const { type: mediaType, width, height } = header;
  if (width !== height || width < MIN_SIDE || width > MAX_SIDE) {
    throw new AmphiError(
      'bad_request',
      `image: must be square, ${MIN_SIDE} to ${MAX_SIDE} pixels a side, and is ${width} × ${height}`,
    );
  }
  return { mediaType, width, height };
}
