import { wrapDistance } from '#base';
import { compactNtp, type NtpTime, type ReportBlock } from '#protocol';

const SEQUENCE_BITS = 16;
const TIMESTAMP_BITS = 32;
/** RFC 3550 A.1: a jump beyond these is another stream on the same SSRC. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 1000;
const DLSR_RATE = 65_536;

/**
 * Reception of one SSRC: continues its sequence numbers, and says in report
 * blocks what arrived (RFC 3550 A.1, A.3, A.8).
 */
export class ReceiveStatistics {
  readonly #clockRate: number;
  #first = -1;
  #highest = -1;
  /** The number after one that was too far off. */
  #afterJump = -1;
  #jitter = 0;
  #lastTransit: number | undefined;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #senderReport: { compact: number; arrivedMs: number } | undefined;
  packets = 0;
  bytes = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** The highest unwrapped sequence number so far, -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** In ticks of the stream's clock. */
  get jitter(): number {
    return Math.round(this.#jitter);
  }

  get lost(): number {
    return this.#first < 0 ? 0 : this.#highest - this.#first + 1 - this.packets;
  }

  /**
   * Where a packet stands in the unwrapped numbering; undefined when it is too
   * far off to be of this stream. Two such packets in a row are a stream that
   * jumped (RFC 3550 A.1): the second one is placed ahead.
   */
  place(sequenceNumber: number): number | undefined {
    // A circle ahead, so that packets from before the first one stay above zero.
    if (this.#highest < 0) return sequenceNumber + 2 ** SEQUENCE_BITS;
    const step = wrapDistance(this.#highest, sequenceNumber, SEQUENCE_BITS);
    if (step <= MAX_DROPOUT && step >= -MAX_MISORDER) {
      this.#afterJump = -1;
      return this.#highest + step;
    }
    const jumped = sequenceNumber === this.#afterJump;
    this.#afterJump = (sequenceNumber + 1) & 0xffff;
    if (!jumped) return undefined;
    const sequence = this.#highest + ((sequenceNumber - this.#highest) & 0xffff);
    this.#begin(sequence);
    return sequence;
  }

  #begin(sequence: number): void {
    this.#first = sequence;
    this.#highest = sequence;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.packets = 0;
  }

  /** Counts a packet that is no duplicate. A retransmission says nothing about jitter. */
  count(sequence: number, size: number, timestamp: number, nowMs: number, repaired: boolean): void {
    if (this.#highest < 0) this.#begin(sequence);
    else if (sequence > this.#highest) this.#highest = sequence;
    this.packets++;
    this.bytes += size;
    if (repaired) return;
    const arrival = Math.round((nowMs / 1000) * this.#clockRate) % 2 ** TIMESTAMP_BITS;
    if (this.#lastTransit !== undefined) {
      const change = Math.abs(wrapDistance(this.#lastTransit, arrival - timestamp, TIMESTAMP_BITS));
      this.#jitter += (change - this.#jitter) / 16;
    }
    this.#lastTransit = arrival - timestamp;
  }

  onSenderReport(ntp: NtpTime, nowMs: number): void {
    this.#senderReport = { compact: compactNtp(ntp), arrivedMs: nowMs };
  }

  /** The block for the next receiver report; undefined before anything arrived. */
  report(ssrc: number, nowMs: number): ReportBlock | undefined {
    if (this.#first < 0) return undefined;
    const expected = this.#highest - this.#first + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.packets - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.packets;
    const delayMs = this.#senderReport === undefined ? 0 : nowMs - this.#senderReport.arrivedMs;
    return {
      ssrc,
      fractionLost:
        expectedNow <= 0 || lostNow <= 0
          ? 0
          : Math.min(255, Math.floor((lostNow << 8) / expectedNow)),
      cumulativeLost: expected - this.packets,
      highestSequence: (this.#highest - 2 ** SEQUENCE_BITS) >>> 0,
      jitter: this.jitter,
      lastSenderReport: this.#senderReport?.compact ?? 0,
      delaySinceLastSenderReport: Math.round((delayMs / 1000) * DLSR_RATE) >>> 0,
    };
  }
}
