import type { PacketSlot } from './slot.ts';

const TOP = 7;

/**
 * Which temporal layers of a stream a consumer gets. Fewer from the next frame
 * on; more only where a decoder can follow: at a key frame or where a layer
 * says that it depends on the lowest alone (RFC 7741 4.2, bit Y).
 */
export class TemporalFilter {
  #current = TOP;
  #target = TOP;
  #timestamp = -1;

  aim(temporal: number): void {
    this.#target = temporal;
  }

  /** Whether the packet is passed on. */
  passes(slot: PacketSlot): boolean {
    if (slot.keyFrame) {
      this.#current = this.#target;
    } else if (this.#current !== this.#target && slot.timestamp !== this.#timestamp) {
      this.#move(slot);
    }
    this.#timestamp = slot.timestamp;
    return slot.temporalId <= this.#current;
  }

  #move({ temporalId, layerSync }: PacketSlot): void {
    if (this.#target < this.#current) this.#current = this.#target;
    else if (layerSync && temporalId > this.#current) {
      this.#current = Math.min(temporalId, this.#target);
    }
  }
}
