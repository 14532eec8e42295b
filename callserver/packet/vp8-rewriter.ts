import { wrapDistance } from '#base';
import { writeU16 } from '#protocol';
import { SequenceMap } from './sequence-map.ts';
import type { PacketSlot } from './slot.ts';

/**
 * Keeps picture ids and TL0PICIDX (RFC 7741 4.2) without a hole for a receiver
 * whose stream is switched or has temporal layers left out.
 */
export class Vp8Rewriter {
  readonly #pictures = new SequenceMap(1);
  /** Unwrapped, of the stream that is current. */
  #lastPicture = 0;
  #tl0Offset = 0;
  #lastTl0Out = 0;

  switchTo(slot: PacketSlot): void {
    this.#lastPicture = slot.pictureId + 2 ** slot.pictureIdBits;
    this.#pictures.switchTo(this.#lastPicture);
    this.#tl0Offset = (this.#lastTl0Out + 1 - slot.tl0PicIdx) & 0xff;
  }

  drop(slot: PacketSlot): void {
    if (slot.pictureIdOffset >= 0) this.#pictures.drop(this.#unwrap(slot));
  }

  /** Writes this receiver's numbers into the packet, which may be one that has gone out before. */
  rewrite(slot: PacketSlot): void {
    if (slot.pictureIdOffset >= 0) {
      const picture = this.#pictures.map(this.#unwrap(slot)) ?? 0;
      const at = slot.payloadOffset + slot.pictureIdOffset;
      if (slot.pictureIdBits === 15) writeU16(slot.bytes, at, 0x8000 | (picture & 0x7fff));
      else slot.bytes[at] = picture & 0x7f;
    }
    if (slot.tl0PicIdxOffset >= 0) {
      const tl0 = (slot.tl0PicIdx + this.#tl0Offset) & 0xff;
      if (wrapDistance(this.#lastTl0Out, tl0, 8) > 0) this.#lastTl0Out = tl0;
      slot.bytes[slot.payloadOffset + slot.tl0PicIdxOffset] = tl0;
    }
  }

  #unwrap(slot: PacketSlot): number {
    const picture =
      this.#lastPicture + wrapDistance(this.#lastPicture, slot.pictureId, slot.pictureIdBits);
    if (picture > this.#lastPicture) this.#lastPicture = picture;
    return picture;
  }
}
