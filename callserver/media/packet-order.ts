import { wrapDistance } from '#base';

const SEQUENCE_BITS = 16;
/** Three seconds of a stream of 300 packets a second; beyond this the hole before them is given up. */
const MAX_HELD = 1_024;

interface Held<T> {
  item: T;
  sinceMs: number;
}

/**
 * Puts packets in order and waits for those that are being repaired, up to a
 * time. What has not come by then is lost, and said to be.
 */
export class PacketOrder<T> {
  readonly #maxWaitMs: number;
  readonly #held = new Map<number, Held<T>>();
  #next: number | undefined;
  /** Packets given up. */
  lost = 0;
  /** Packets that came after they had been given up, or twice. */
  late = 0;

  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  push(sequenceNumber: number, item: T, nowMs: number): void {
    this.#next ??= sequenceNumber;
    const sequence = this.#next + wrapDistance(this.#next, sequenceNumber, SEQUENCE_BITS);
    if (sequence < this.#next || this.#held.has(sequence)) {
      this.late++;
      return;
    }
    this.#held.set(sequence, { item, sinceMs: nowMs });
  }

  /** The next packet in order, and whether something is missing before it; undefined when there is none yet. */
  shift(nowMs: number): { item: T; afterLoss: boolean } | undefined {
    if (this.#next === undefined || this.#held.size === 0) return undefined;
    const skipped = this.#held.has(this.#next) ? 0 : this.#giveUp(this.#next, nowMs);
    const held = this.#held.get(this.#next + skipped);
    if (held === undefined) return undefined;
    this.lost += skipped;
    this.#held.delete(this.#next + skipped);
    this.#next += skipped + 1;
    return { item: held.item, afterLoss: skipped > 0 };
  }

  /** How far to skip; 0 while there is hope. */
  #giveUp(next: number, nowMs: number): number {
    let nearest = Number.POSITIVE_INFINITY;
    let oldestMs = nowMs;
    for (const [sequence, { sinceMs }] of this.#held) {
      if (sequence < nearest) nearest = sequence;
      if (sinceMs < oldestMs) oldestMs = sinceMs;
    }
    const hopeless = nowMs - oldestMs >= this.#maxWaitMs || this.#held.size > MAX_HELD;
    return hopeless ? nearest - next : 0;
  }
}
