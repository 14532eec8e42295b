/** What a stream of packets leaves out, and when to ask for it again (RFC 4585 6.2.1). */
export interface NackLimits {
  /** Missing packets beyond this are given up together: a key frame is cheaper. */
  maxMissing: number;
  /** How often one packet is asked for. */
  maxRequests: number;
  /** Older packets are of no use to anybody's jitter buffer. */
  maxAgeMs: number;
}

export const NACK_LIMITS: NackLimits = { maxMissing: 600, maxRequests: 10, maxAgeMs: 1_500 };

const MIN_INTERVAL_MS = 20;
const FIRST_RTT_MS = 100;

/**
 * On a long way a lost request costs a round trip. So each is sent twice, this
 * far apart; a sender answers one packet once a round trip.
 */
const REPEAT_MS = 20;
const LONG_WAY_MS = 60;

interface Missing {
  since: number;
  askedAt: number;
  requests: number;
  repeated: boolean;
}

/** Pure bookkeeping: sequence numbers are unwrapped, time is handed in. */
export class NackGenerator {
  readonly #limits: NackLimits;
  readonly #missing = new Map<number, Missing>();
  #highest = -1;
  /** Learnt from how long answers take; there is no other way to know it for an incoming stream. */
  #rttMs = FIRST_RTT_MS;

  constructor(limits: NackLimits = NACK_LIMITS) {
    this.#limits = limits;
  }

  get missing(): number {
    return this.#missing.size;
  }

  get rttMs(): number {
    return this.#rttMs;
  }

  isMissing(sequence: number): boolean {
    return this.#missing.has(sequence);
  }

  /** Takes note of a packet. Returns false when the gap before it is too large to repair. */
  received(sequence: number, nowMs: number): boolean {
    if (this.#highest < 0) {
      this.#highest = sequence;
      return true;
    }
    if (sequence <= this.#highest) {
      this.#fill(sequence, nowMs);
      return true;
    }
    const gap = sequence - this.#highest - 1;
    const before = this.#highest;
    this.#highest = sequence;
    if (gap === 0) return true;
    if (this.#missing.size + gap > this.#limits.maxMissing) {
      this.#missing.clear();
      return false;
    }
    for (let lost = before + 1; lost < sequence; lost++) {
      this.#missing.set(lost, {
        since: nowMs,
        askedAt: Number.NEGATIVE_INFINITY,
        requests: 0,
        repeated: false,
      });
    }
    return true;
  }

  #fill(sequence: number, nowMs: number): void {
    const gap = this.#missing.get(sequence);
    if (gap === undefined) return;
    this.#missing.delete(sequence);
    // Only the answer to a single request tells which request it answers.
    if (gap.requests === 1) this.#rttMs += (nowMs - gap.askedAt - this.#rttMs) / 8;
  }

  /** The packets to ask for now, ascending, 16 bits each; into `into`, which is cleared first. */
  due(nowMs: number, into: number[]): number[] {
    into.length = 0;
    const interval = Math.max(MIN_INTERVAL_MS, this.#rttMs);
    for (const [sequence, gap] of this.#missing) {
      if (gap.requests >= this.#limits.maxRequests || nowMs - gap.since > this.#limits.maxAgeMs) {
        this.#missing.delete(sequence);
      } else if (nowMs - gap.askedAt >= interval) {
        gap.askedAt = nowMs;
        gap.requests++;
        gap.repeated = interval < LONG_WAY_MS;
        into.push(sequence & 0xffff);
      } else if (!gap.repeated && nowMs - gap.askedAt >= REPEAT_MS) {
        gap.repeated = true;
        into.push(sequence & 0xffff);
      }
    }
    return into;
  }

  /** A key frame has come: nothing before it is needed any more. */
  forgetBefore(sequence: number): void {
    for (const lost of this.#missing.keys()) {
      if (lost < sequence) this.#missing.delete(lost);
    }
  }
}
