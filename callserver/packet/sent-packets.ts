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

/** For each packet, side by side: the outgoing number and one, the incoming one, when it was resent. */
const WORDS = 4;
const OUT = 0;
const IN = 1;
const RESENT = 2;
const NOTHING = 0;

/**
 * Which incoming packet went out under which number, for answering NACKs. One ring
 * of words of 32 bits, because many receivers' rings do not fit the processor's
 * cache: numbers are kept by their low bits, times in whole milliseconds.
 */
export class SentPackets {
  readonly #ring = new Int32Array(WORDS * SIZE);
  #highest = -1;
  #lastIn = 0;

  record(out: number, incoming: number): void {
    const at = (out & MASK) * WORDS;
    this.#ring[at + OUT] = out + 1;
    this.#ring[at + IN] = incoming;
    this.#ring[at + RESENT] = NOTHING;
    if (out > this.#highest) this.#highest = out;
    this.#lastIn = incoming;
  }

  /** The unwrapped outgoing number nearest below the highest that ends in these 16 bits. */
  unwrap(sequenceNumber: number): number {
    return this.#highest - ((this.#highest - sequenceNumber) & 0xffff);
  }

  /** The incoming number to send again under `out`; undefined when it is too old or was resent just now. */
  takeForResend(out: number, nowMs: number, rttMs: number): number | undefined {
    const incoming = this.incomingOf(out);
    if (incoming === undefined || this.#highest - out > MAX_AGE) return undefined;
    const at = (out & MASK) * WORDS + RESENT;
    const before = this.#ring[at] ?? NOTHING;
    const now = Math.floor(nowMs) | 0;
    const wait = Math.max(MIN_RESEND_MS, rttMs * ROUND_TRIP_SHARE);
    if (before !== NOTHING && ((now - before) | 0) < wait) return undefined;
    this.#ring[at] = now === NOTHING ? 1 : now;
    return incoming;
  }

  /** The number of the last packet but `back`. */
  recent(back: number): number {
    return this.#highest - back;
  }

  /** The incoming number of a packet that went out; undefined when it is too old or from before a switch. */
  incomingOf(out: number): number | undefined {
    const at = (out & MASK) * WORDS;
    if (out < 0 || this.#ring[at + OUT] !== ((out + 1) | 0)) return undefined;
    const word = this.#ring[at + IN] ?? 0;
    // The difference to the last one is small, and may be of either sign.
    return this.#lastIn + ((word - (this.#lastIn | 0)) | 0);
  }

  /** Nothing sent before can be sent again: the stream behind was switched. */
  clear(): void {
    this.#ring.fill(NOTHING);
  }
}
