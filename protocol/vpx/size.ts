import { BitReader } from '../bytes.ts';

export interface PictureSize {
  width: number;
  height: number;
}

const VP8_START_CODE = [0x9d, 0x01, 0x2a];
const VP9_SYNC_CODE = 0x498342;
const VP9_SRGB = 7;

/** The size that a VP8 key frame says (RFC 6386 9.1); undefined for other frames. */
export function vp8KeyFrameSize(frame: Uint8Array): PictureSize | undefined {
  if (frame.length < 10 || ((frame[0] ?? 1) & 1) !== 0) return undefined;
  if (!VP8_START_CODE.every((byte, i) => frame[3 + i] === byte)) return undefined;
  const at = (i: number) => ((frame[i] ?? 0) | ((frame[i + 1] ?? 0) << 8)) & 0x3fff;
  return sized(at(6), at(8));
}

/** The size that a VP9 key frame says (VP9 bitstream specification 6.2); undefined for other frames. */
export function vp9KeyFrameSize(frame: Uint8Array): PictureSize | undefined {
  const bits = new BitReader(frame);
  try {
    if (bits.bits(2) !== 2) return undefined;
    const profile = bits.bit() + 2 * bits.bit();
    if (profile === 3) bits.skip(1);
    const [showExisting, interFrame] = [bits.bit(), bits.bit()];
    if (showExisting === 1 || interFrame === 1) return undefined;
    bits.skip(2); // show_frame, error_resilient_mode
    if (bits.bits(24) !== VP9_SYNC_CODE) return undefined;
    if (profile >= 2) bits.skip(1);
    const odd = profile === 1 || profile === 3;
    if (bits.bits(3) !== VP9_SRGB) bits.skip(odd ? 4 : 1);
    else if (odd) bits.skip(1);
    return sized(bits.bits(16) + 1, bits.bits(16) + 1);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const sized = (width: number, height: number): PictureSize | undefined =>
  width > 0 && height > 0 ? { width, height } : undefined;
