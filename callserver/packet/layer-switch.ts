import type { PacketSlot } from './slot.ts';

export const NO_LAYER = -1;

export type LayerVerdict = 'forward' | 'switch' | 'skip';

/**
 * Which of a producer's simulcast streams a consumer gets. A switch waits for
 * the first packet of a key frame of the wanted stream; until then the present
 * one goes on, so that the picture never stands still for it.
 */
export class LayerSwitch {
  #current = NO_LAYER;
  #target = NO_LAYER;

  get current(): number {
    return this.#current;
  }

  get target(): number {
    return this.#target;
  }

  aim(layer: number): void {
    this.#target = layer;
  }

  /** Whatever comes next must begin with a key frame: after a pause, or when packets cannot be repaired. */
  restart(): void {
    this.#current = NO_LAYER;
  }

  judge(slot: PacketSlot): LayerVerdict {
    if (slot.layer === this.#target && this.#current !== this.#target) {
      if (slot.keyFrame) {
        this.#current = this.#target;
        return 'switch';
      }
      return 'skip';
    }
    return slot.layer === this.#current ? 'forward' : 'skip';
  }
}

/** A stream of a producer, as far as choosing among them needs. */
export interface LayerChoice {
  layer: number;
  /** Packets of it are coming. */
  live: boolean;
}

/**
 * The best stream that is live, at most `wanted` (a rank from 0, the lowest).
 * `ranked` goes from low to high. When only better ones are live, the lowest of
 * those.
 */
export function chooseLayer(ranked: readonly LayerChoice[], wanted: number): number {
  for (let rank = Math.min(wanted, ranked.length - 1); rank >= 0; rank--) {
    if (ranked[rank]?.live) return ranked[rank]?.layer ?? NO_LAYER;
  }
  return ranked.find((choice) => choice.live)?.layer ?? NO_LAYER;
}
