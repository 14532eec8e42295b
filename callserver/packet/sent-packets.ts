const SIZE = 1024;
const MASK = SIZE - 1;
/**
 * The native side refuses a sequence number that goes back by more than about
 * 1,024; asking for what is that old is too late anyway.
 */
const MAX_AGE = 1000;
/**
 * Two requests for one packet within a round trip are one request. A little
 * less, because a receiver asks again when it thinks that one is over.
 */
const MIN_RESEND_MS = 10;
const ROUND_TRIP_SHARE = 0.7;

/** Which incoming packet went out under which number, for answering NACKs. */
export class SentPackets {
  readonly #out = new Float64Array(SIZE).fill(-1);
  readonly #in = new Float64Array(SIZE);
  readonly #resentMs = new Float64Array(SIZE);
  #highest = -1;

  record(out: number, incoming: number): void {
    const index = out & MASK;
    this.#out[index] = out;
    this.#in[index] = incoming;
    this.#resentMs[index] = Number.NEGATIVE_INFINITY;
    if (out > this.#highest) this.#highest = out;
  }

  /** The unwrapped outgoing number nearest below the highest that ends in these 16 bits. */
  unwrap(sequenceNumber: number): number {
    return this.#highest - ((this.#highest - sequenceNumber) & 0xffff);
  }

  /** The incoming number to send again under `out`; undefined when it is too old or was resent just now. */
  takeForResend(out: number, nowMs: number, rttMs: number): number | undefined {
    const index = out & MASK;
    if (this.#out[index] !== out || this.#highest - out > MAX_AGE) return undefined;
    const wait = Math.max(MIN_RESEND_MS, rttMs * ROUND_TRIP_SHARE);
    if (nowMs - (this.#resentMs[index] ?? 0) < wait) return undefined;
    this.#resentMs[index] = nowMs;
    return this.#in[index];
  }

  /** The number of the last packet but `back`. */
  recent(back: number): number {
    return this.#highest - back;
  }

  /** The incoming number of a packet that went out; undefined when it is too old or from before a switch. */
  incomingOf(out: number): number | undefined {
    const index = out & MASK;
    return this.#out[index] === out ? this.#in[index] : undefined;
  }

  /** Nothing sent before can be sent again: the stream behind was switched. */
  clear(): void {
    this.#out.fill(-1);
  }
}
