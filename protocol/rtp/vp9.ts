import { readU16 } from './packet.ts';

/** VP9 payload descriptor (RFC 9628 4.2). Read into the same object packet after packet. */
export class Vp9Descriptor {
  /** Offset from the start of the payload; -1 when there is none. */
  pictureIdOffset = -1;
  pictureIdBits = 15;
  pictureId = 0;
  spatialId = 0;
  temporalId = 0;
  /** A decoder may go up to this packet's temporal layer here. */
  switchingUp = false;
  /** This spatial layer is predicted from the one below of the same picture. */
  interLayerPredicted = false;
  interPicturePredicted = false;
  frameStart = false;
  frameEnd = false;
  /** No higher spatial layer predicts from this one. */
  notUsedAbove = false;
  /** First packet of a picture that needs nothing before it. */
  keyFrame = false;
  /** From the scalability structure, when the packet carries one; 0 otherwise. */
  width = 0;
  height = 0;
  size = 0;

  /** Returns false when the descriptor is cut short. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    const end = offset + length;
    let at = offset;
    if (at >= end) return false;
    const first = bytes[at++] ?? 0;
    const layered = (first & 0x20) !== 0;
    const flexible = (first & 0x10) !== 0;
    this.interPicturePredicted = (first & 0x40) !== 0;
    this.frameStart = (first & 0x08) !== 0;
    this.frameEnd = (first & 0x04) !== 0;
    this.notUsedAbove = (first & 0x01) !== 0;
    this.pictureIdOffset = -1;
    this.spatialId = 0;
    this.temporalId = 0;
    this.switchingUp = false;
    this.interLayerPredicted = false;
    this.width = 0;
    this.height = 0;
    if ((first & 0x80) !== 0) {
      const wide = ((bytes[at] ?? 0) & 0x80) !== 0;
      this.pictureIdOffset = at - offset;
      this.pictureIdBits = wide ? 15 : 7;
      this.pictureId = wide ? readU16(bytes, at) & 0x7fff : (bytes[at] ?? 0) & 0x7f;
      at += wide ? 2 : 1;
    }
    if (layered) {
      const layers = bytes[at++] ?? 0;
      this.temporalId = layers >> 5;
      this.switchingUp = (layers & 0x10) !== 0;
      this.spatialId = (layers >> 1) & 0x07;
      this.interLayerPredicted = (layers & 0x01) !== 0;
      // TL0PICIDX, in non-flexible mode only.
      if (!flexible) at++;
    }
    if (flexible && this.interPicturePredicted) {
      // At most three reference differences, each telling in its last bit whether another follows.
      for (let i = 0; i < 3; i++) {
        if (((bytes[at++] ?? 0) & 0x01) === 0) break;
      }
    }
    if ((first & 0x02) !== 0) at = this.#readStructure(bytes, at, end);
    if (at > end) return false;
    this.size = at - offset;
    this.keyFrame =
      this.frameStart &&
      !this.interPicturePredicted &&
      this.spatialId === 0 &&
      !this.interLayerPredicted;
    return true;
  }

  /** Section 4.2.1. Keeps the largest picture size. */
  #readStructure(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    const head = bytes[at++] ?? 0;
    if ((head & 0x10) !== 0) {
      const layers = (head >> 5) + 1;
      if (at + layers * 4 > end) return end + 1;
      const last = at + (layers - 1) * 4;
      this.width = readU16(bytes, last);
      this.height = readU16(bytes, last + 2);
      at += layers * 4;
    }
    if ((head & 0x08) !== 0) {
      const pictures = bytes[at++] ?? 0;
      for (let i = 0; i < pictures && at < end; i++) {
        const references = ((bytes[at++] ?? 0) >> 2) & 0x03;
        at += references;
      }
    }
    return at;
  }
}
