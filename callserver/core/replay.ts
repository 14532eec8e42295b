import { NO_LAYER } from '../packet/layer-switch.ts';
import type { PacketSlot } from '../packet/slot.ts';

/** How far one receiver has come in a group of pictures that the cache still holds. */
export class Replay {
  #layer = NO_LAYER;
  #next = 0;

  /** From this unwrapped number of a stream on. */
  begin(layer: number, sequence: number): void {
    this.#layer = layer;
    this.#next = sequence;
  }

  get running(): boolean {
    return this.#layer !== NO_LAYER;
  }

  /** The stream that is replayed; `NO_LAYER` when none is. */
  get layer(): number {
    return this.#layer;
  }

  /** Unwrapped. */
  get next(): number {
    return this.#next;
  }

  advance(): void {
    this.#next++;
  }

  end(): void {
    this.#layer = NO_LAYER;
  }

  /** Whether the turn of a packet that has just come is yet to come. */
  holdsBack(slot: PacketSlot): boolean {
    return slot.layer === this.#layer && slot.sequence >= this.#next;
  }
}
