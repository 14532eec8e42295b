import { setPayloadType, setSequenceNumber, setSsrc, writeU16 } from '#protocol';
import type { Fields } from '../congestion/pacer.ts';
import { SentPackets } from '../packet/sent-packets.ts';
import { MAX_PACKET, type PacketSlot } from '../packet/slot.ts';
import type { ConsumerParameters } from '../parameters.ts';
import { writeBarePadding } from './bare-padding.ts';
import type { IncomingStream } from './incoming-stream.ts';

const RTX_HEADER_SIZE = 2;
/** Asked-for packets a second; a storm of requests gets no more. */
const MAX_RESENDS_PER_SECOND = 1_000;
const MAX_SEQUENCE_START = 1 << 14;
/** Padding is made of the last packets, as long as they are worth it. */
const PADDING_PACKETS = 64;
const PADDING_TRIES = 8;
const MIN_PADDING_PAYLOAD = 200;

/** What repairs need of the consumer whose packets they repeat. */
export interface RepairHost {
  readonly fields: Fields;
  /** Writes the receiver's terms into the packet, in place. */
  address(slot: PacketSlot, out: number): void;
  sendRepair(packet: Buffer, nowMs: number): boolean;
}

/**
 * Sends again what one receiver has had already: what it asks for, and what fills
 * its path for a probe. As RTX (RFC 4588) where that was negotiated.
 */
export class Repairs {
  readonly sent = new SentPackets();
  readonly #host: RepairHost;
  readonly #parameters: ConsumerParameters;
  readonly #ids: Uint8Array;
  /** Made at the first one. */
  #packet: Buffer | undefined;
  #sequence: number;
  #budget = MAX_RESENDS_PER_SECOND;
  #padded = 0;
  resent = 0;

  /** `ids`: of the header extensions, by index. */
  constructor(
    host: RepairHost,
    parameters: ConsumerParameters,
    ids: Uint8Array,
    random: () => number,
  ) {
    this.#host = host;
    this.#parameters = parameters;
    this.#ids = ids;
    this.#sequence = Math.floor(random() * MAX_SEQUENCE_START);
  }

  /** Whether there is an SSRC of its own for what the receiver has no need of. */
  get canPad(): boolean {
    const { rtxPayloadType, rtxSsrc } = this.#parameters;
    return rtxPayloadType !== undefined && rtxSsrc !== undefined;
  }

  everySecond(): void {
    this.#budget = MAX_RESENDS_PER_SECOND;
  }

  /** What a NACK names, each in so many copies. */
  resend(
    lost: readonly number[],
    stream: IncomingStream,
    copies: number,
    rttMs: number,
    nowMs: number,
  ): void {
    for (const sequenceNumber of lost) {
      if (this.#budget <= 0) return;
      const out = this.sent.unwrap(sequenceNumber);
      const incoming = this.sent.takeForResend(out, nowMs, rttMs);
      const slot = incoming === undefined ? undefined : stream.cache.get(incoming);
      if (slot === undefined) continue;
      this.#budget--;
      this.#host.address(slot, out);
      for (let copy = 0; copy < copies; copy++) {
        if (this.#host.sendRepair(this.#wrapped(slot, out), nowMs)) this.resent++;
      }
    }
  }

  /** A packet of no use but to fill the path: one of the last again, else bare padding. */
  padding(stream: IncomingStream | undefined, timestamp: number): Buffer {
    for (let i = 0; i < PADDING_TRIES && stream !== undefined; i++) {
      const out = this.sent.recent(this.#padded++ % PADDING_PACKETS);
      const incoming = this.sent.incomingOf(out);
      const slot = incoming === undefined ? undefined : stream.cache.get(incoming);
      if (slot === undefined || slot.payloadLength < MIN_PADDING_PAYLOAD) continue;
      this.#host.address(slot, out);
      return this.#wrapped(slot, out);
    }
    return this.#bare(timestamp);
  }

  #bare(timestamp: number): Buffer {
    const { rtxPayloadType = 0, rtxSsrc = 0, transportWide } = this.#parameters;
    const { fields } = this.#host;
    this.#packet ??= Buffer.allocUnsafeSlow(MAX_PACKET + RTX_HEADER_SIZE);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const padding = {
      payloadType: rtxPayloadType,
      ssrc: rtxSsrc,
      sequence: this.#sequence,
      timestamp,
      ids: this.#ids,
    };
    const packet = writeBarePadding(this.#packet, padding, fields);
    if (transportWide !== true) fields.sequenceAt = -1;
    return packet;
  }

  #wrapped(slot: PacketSlot, out: number): Buffer {
    const { rtxPayloadType, rtxSsrc } = this.#parameters;
    if (rtxPayloadType === undefined || rtxSsrc === undefined) return slot.bytes;
    this.#packet ??= Buffer.allocUnsafeSlow(MAX_PACKET + RTX_HEADER_SIZE);
    const packet = this.#packet;
    const { bytes, payloadOffset } = slot;
    bytes.copy(packet, 0, 0, payloadOffset);
    bytes.copy(packet, payloadOffset + RTX_HEADER_SIZE, payloadOffset, bytes.length);
    writeU16(packet, payloadOffset, out & 0xffff);
    setPayloadType(packet, rtxPayloadType);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    setSequenceNumber(packet, this.#sequence);
    setSsrc(packet, rtxSsrc);
    return packet.subarray(0, bytes.length + RTX_HEADER_SIZE);
  }
}
