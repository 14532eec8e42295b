import { absSendTimeOf, writeU16, writeU24 } from '#protocol';
import { CongestionController } from '../congestion/controller.ts';
import { type Fields, type PacedKind, Pacer } from '../congestion/pacer.ts';
import type { Wire } from './transport.ts';

/** What sends padding for a probe. */
export interface Padding {
  /** Sends one packet that the receiver has no need of; returns its bytes, 0 when there is none to send. */
  pad(nowMs: number): number;
}

/** Of one probe, at one wake-up. */
const MAX_PROBE_PACKETS = 64;

/**
 * Everything between a transport's consumers and its wire: what is counted over
 * all its streams, when it goes out, and what the receiver says of the path.
 */
export class OutgoingPath {
  readonly control = new CongestionController();
  readonly pacer: Pacer;
  readonly #wire: Wire;
  readonly #busy: () => void;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  /** `busy` is called when something waits for `drain`. */
  constructor(wire: Wire, busy: () => void) {
    this.#wire = wire;
    this.#busy = busy;
    this.pacer = new Pacer((packet, fields, nowMs) => this.transmit(packet, fields, nowMs));
  }

  /** Sends a packet now or a little later. Returns false when it will not go out. */
  send(packet: Buffer, fields: Fields, kind: PacedKind, owner: object, nowMs: number): boolean {
    const taken = this.pacer.offer(packet, fields, kind, owner, nowMs);
    if (this.pacer.waiting > 0) this.#busy();
    return taken;
  }

  /** The last hand on an outgoing packet. */
  transmit(packet: Buffer, fields: Fields, nowMs: number): boolean {
    const { sequenceAt, sendTimeAt } = fields;
    if (sequenceAt >= 0) writeU16(packet, sequenceAt, this.control.history.nextSequenceNumber);
    if (sendTimeAt >= 0) writeU24(packet, sendTimeAt, absSendTimeOf(nowMs));
    if (!this.#wire.send(packet)) return false;
    this.#lastSentMs = nowMs;
    if (sequenceAt >= 0) this.control.sent(packet.length, nowMs);
    return true;
  }

  /** Whether media went out within the last so many milliseconds: its receiver reports on it. */
  hasSent(withinMs: number, nowMs: number): boolean {
    return nowMs - this.#lastSentMs < withinMs;
  }

  /**
   * Every 100 ms or so; `wanted` is what the receiver could use, `given` what it is
   * given, in bits per second.
   */
  tick(wanted: number, given: number, canPad: boolean, nowMs: number): void {
    this.control.tick(wanted, canPad, nowMs);
    this.pacer.rate = this.control.pacingRate(given, nowMs);
    this.pacer.strict = this.control.full;
    if (this.control.prober.cluster !== 0) this.#busy();
  }

  /** Sends what is due. Returns false when nothing is left to wait for. */
  drain(padding: Padding, nowMs: number): boolean {
    let waiting = this.pacer.drain(nowMs);
    const { prober } = this.control;
    let due = prober.dueBytes(nowMs);
    for (let i = 0; i < MAX_PROBE_PACKETS && due > 0; i++) {
      // What waits is worth more than padding.
      const bytes = this.pacer.release(nowMs) || padding.pad(nowMs);
      if (bytes === 0) prober.abandon(nowMs);
      due = bytes === 0 ? 0 : due - bytes;
    }
    waiting &&= this.pacer.waiting > 0;
    return waiting || prober.cluster !== 0;
  }
}
