/** Less loss than this is met by the receiver's own jitter buffer. */
const LOSSY = 0.01;
/** A path that was lossy is taken for it this much longer: delays that come and go are seen. */
const HOLD_MS = 20_000;
const MIN_PACKETS = 50;
/** Until a gap shows by what comes behind it, until it is asked for, and what timers add. */
const NOTICE_MS = 60;

/** How long it takes on one way to mend what gets lost there, as far as anything does. Milliseconds. */
export class RepairTime {
  #ms = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #packets = 0;
  #repaired = 0;

  /** What was counted so far on this way, and how long a request takes there and back. */
  count(packets: number, repaired: number, rttMs: number, nowMs: number): void {
    const newPackets = packets - this.#packets;
    if (newPackets >= 0 && newPackets < MIN_PACKETS) return;
    this.observe((repaired - this.#repaired) / newPackets, rttMs, nowMs);
    this.#packets = packets;
    this.#repaired = repaired;
  }

  /** The share of packets that got lost lately. */
  observe(fractionLost: number, rttMs: number, nowMs: number): void {
    if (!(fractionLost > LOSSY)) return;
    this.#ms = rttMs + NOTICE_MS;
    this.#untilMs = nowMs + HOLD_MS;
  }

  /** 0 where next to nothing gets lost. */
  at(nowMs: number): number {
    return nowMs < this.#untilMs ? this.#ms : 0;
  }
}
