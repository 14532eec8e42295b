import { PacketSlot } from './slot.ts';

/**
 * The last packets of one incoming stream, for retransmission. Slots are made
 * once and used again and again: no garbage while packets flow.
 */
export class PacketCache {
  readonly #slots: (PacketSlot | undefined)[];
  readonly #mask: number;

  /** `size` is a power of two. */
  constructor(size: number) {
    this.#slots = new Array<PacketSlot | undefined>(size);
    this.#mask = size - 1;
  }

  /** The slot for a packet; what it held before is gone. Undefined when that is newer. */
  claim(sequence: number): PacketSlot | undefined {
    const index = sequence & this.#mask;
    let slot = this.#slots[index];
    if (slot === undefined) {
      slot = new PacketSlot();
      this.#slots[index] = slot;
    }
    if (slot.sequence > sequence) return undefined;
    slot.sequence = sequence;
    return slot;
  }

  get(sequence: number): PacketSlot | undefined {
    const slot = this.#slots[sequence & this.#mask];
    return slot?.sequence === sequence ? slot : undefined;
  }
}
