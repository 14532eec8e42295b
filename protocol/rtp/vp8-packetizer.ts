import type { PayloadSink } from './h264-packetizer.ts';
import { writeU16 } from './packet.ts';

/** Bits X and S of the first byte, I of the second; then a picture id of 15 bits. */
const EXTENDED = 0x80;
const FRAME_START = 0x10;
const HAS_PICTURE_ID = 0x80;
const WIDE_ID = 0x8000;
const DESCRIPTOR = 4;

/**
 * Cuts one VP8 frame into payloads of nearly equal length (RFC 7741 4.2), each
 * with its picture id, of which 15 bits count. Each is written into `into` at
 * `offset`, where there is room for `maxBytes`; then `emit` is told its length,
 * and whether it is the frame's last. Of an empty frame there are none.
 */
export function packetizeVp8(
  frame: Uint8Array,
  pictureId: number,
  into: Uint8Array,
  offset: number,
  maxBytes: number,
  emit: PayloadSink,
): void {
  const count = Math.ceil(frame.length / (maxBytes - DESCRIPTOR));
  for (let i = 0; i < count; i++) {
    const from = Math.floor((frame.length * i) / count);
    const to = Math.floor((frame.length * (i + 1)) / count);
    into[offset] = i === 0 ? EXTENDED | FRAME_START : EXTENDED;
    into[offset + 1] = HAS_PICTURE_ID;
    writeU16(into, offset + 2, WIDE_ID | (pictureId & 0x7fff));
    into.set(frame.subarray(from, to), offset + DESCRIPTOR);
    emit(DESCRIPTOR + to - from, i === count - 1);
  }
}
