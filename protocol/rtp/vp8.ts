import { readU16 } from './packet.ts';

/**
 * VP8 payload descriptor (RFC 7741 4.2) and as much of the payload header (4.3)
 * as tells a key frame. Read into the same object packet after packet.
 */
export class Vp8Descriptor {
  /** Offsets from the start of the payload; -1 when the field is not there. */
  pictureIdOffset = -1;
  tl0PicIdxOffset = -1;
  /** 7 or 15. */
  pictureIdBits = 15;
  pictureId = 0;
  tl0PicIdx = 0;
  temporalId = 0;
  /** A decoder may go up to this packet's temporal layer here. */
  layerSync = false;
  /** First packet of a frame. */
  frameStart = false;
  keyFrame = false;
  /** Of a key frame's first packet; 0 otherwise. */
  width = 0;
  height = 0;
  /** Bytes before the VP8 payload header. */
  size = 0;

  /** Returns false when the descriptor is cut short. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    const end = offset + length;
    let at = offset;
    if (at >= end) return false;
    const first = bytes[at++] ?? 0;
    this.pictureIdOffset = -1;
    this.tl0PicIdxOffset = -1;
    this.temporalId = 0;
    this.layerSync = false;
    this.width = 0;
    this.height = 0;
    // Bit S, and partition index 0.
    this.frameStart = (first & 0x1f) === 0x10;
    if ((first & 0x80) !== 0) {
      if (at >= end) return false;
      const present = bytes[at++] ?? 0;
      if ((present & 0x80) !== 0) {
        const wide = ((bytes[at] ?? 0) & 0x80) !== 0;
        this.pictureIdOffset = at - offset;
        this.pictureIdBits = wide ? 15 : 7;
        this.pictureId = wide ? readU16(bytes, at) & 0x7fff : (bytes[at] ?? 0) & 0x7f;
        at += wide ? 2 : 1;
      }
      if ((present & 0x40) !== 0) {
        this.tl0PicIdxOffset = at - offset;
        this.tl0PicIdx = bytes[at++] ?? 0;
      }
      // Bits T and K share one byte.
      if ((present & 0x30) !== 0) {
        const layers = bytes[at++] ?? 0;
        if ((present & 0x20) !== 0) {
          this.temporalId = layers >> 6;
          this.layerSync = (layers & 0x20) !== 0;
        }
      }
    }
    if (at >= end) return false;
    this.size = at - offset;
    this.keyFrame = this.frameStart && ((bytes[at] ?? 0) & 0x01) === 0;
    // RFC 6386 9.1: a start code, then 14 bits each of width and height, little-endian.
    if (this.keyFrame && at + 10 <= end) {
      this.width = ((bytes[at + 6] ?? 0) | ((bytes[at + 7] ?? 0) << 8)) & 0x3fff;
      this.height = ((bytes[at + 8] ?? 0) | ((bytes[at + 9] ?? 0) << 8)) & 0x3fff;
    }
    return true;
  }
}
