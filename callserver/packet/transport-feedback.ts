import { Unwrapper } from '#base';
import { FEEDBACK_TICK_US, writeTransportFeedback } from '#protocol';

/** The browser's ramp is as quick at 100 ms as at shorter intervals, and this costs less. */
const INTERVAL_MS = 100;
const SEQUENCE_BITS = 16;
/** A wilder jump is not loss; reporting it packet by packet would flood the sender. */
const MAX_SPAN = 4_000;

/**
 * Reports to a sender when each of its packets arrived, for it to find out what
 * the path bears (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 */
export class TransportFeedbackGenerator {
  readonly #unwrapper = new Unwrapper(SEQUENCE_BITS);
  readonly #arrivals = new Map<number, number>();
  #next: number | undefined;
  #highest = -1;
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  received(sequenceNumber: number, nowMs: number): void {
    const sequence = this.#unwrapper.unwrap(sequenceNumber);
    if (this.#next === undefined || sequence - this.#next > MAX_SPAN) {
      this.#arrivals.clear();
      this.#next = sequence;
      this.#highest = sequence;
    }
    if (sequence < this.#next) return;
    if (sequence > this.#highest) this.#highest = sequence;
    if (!this.#arrivals.has(sequence)) {
      this.#arrivals.set(sequence, Math.round((nowMs * 1000) / FEEDBACK_TICK_US));
    }
  }

  /** The packets to send now; none before the interval is over or when nothing arrived. */
  due(nowMs: number, senderSsrc: number, mediaSsrc: number): Uint8Array[] {
    if (this.#arrivals.size === 0 || nowMs - this.#lastMs < INTERVAL_MS) return [];
    this.#lastMs = nowMs;
    const packets: Uint8Array[] = [];
    let next = this.#next ?? 0;
    const arrivals: (number | undefined)[] = [];
    for (let sequence = next; sequence <= this.#highest; sequence++) {
      arrivals.push(this.#arrivals.get(sequence));
    }
    while (arrivals.length > 0) {
      const { bytes, taken } = writeTransportFeedback({
        senderSsrc,
        mediaSsrc,
        feedbackCount: this.#count,
        baseSequence: next & 0xffff,
        arrivals,
      });
      this.#count = (this.#count + 1) & 0xff;
      packets.push(bytes);
      arrivals.splice(0, taken);
      next += taken;
    }
    this.#next = this.#highest + 1;
    this.#arrivals.clear();
    return packets;
  }
}
