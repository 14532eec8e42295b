import { TokenBucket } from '../room/token-bucket.ts';

const MESSAGES = { perSecond: 50, burst: 200 };
const BYTES = { perSecond: 128 * 1024, burst: 2 * 1024 * 1024 };
/** Before so many are known, nobody is forgotten. */
const SWEEP_FROM = 1_000;

/** How much one person may say, on all their sockets of this node together: who comes again has no more left than before. */
export class FloodGuard {
  readonly #people = new Map<string, { messages: TokenBucket; bytes: TokenBucket }>();
  #sweepAt = SWEEP_FROM;

  /** How many are known. */
  get size(): number {
    return this.#people.size;
  }

  /** Whether this person may say one more frame of this size; time is in milliseconds. */
  allows(who: string, bytes: number, nowMs: number): boolean {
    let left = this.#people.get(who);
    if (left === undefined) {
      if (this.#people.size >= this.#sweepAt) this.#sweep(nowMs);
      left = {
        messages: new TokenBucket(MESSAGES, nowMs),
        bytes: new TokenBucket(BYTES, nowMs),
      };
      this.#people.set(who, left);
    }
    return left.messages.take(nowMs) && left.bytes.take(nowMs, bytes);
  }

  /** Who has said nothing for long enough is like somebody new. */
  #sweep(nowMs: number): void {
    for (const [who, { messages, bytes }] of this.#people) {
      if (messages.isFull(nowMs) && bytes.isFull(nowMs)) this.#people.delete(who);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#people.size);
  }
}
