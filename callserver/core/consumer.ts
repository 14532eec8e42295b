import { wrapDistance } from '#base';
import {
  ntpOfMicros,
  type ReportBlock,
  type RtcpWriter,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
  writeU16,
} from '#protocol';
import { idByIndex } from '../packet/extension-order.ts';
import { LayerSwitch, NO_LAYER } from '../packet/layer-switch.ts';
import { roundTripMs } from '../packet/round-trip.ts';
import { SentPackets } from '../packet/sent-packets.ts';
import { SequenceMap } from '../packet/sequence-map.ts';
import { MAX_PACKET, type PacketSlot } from '../packet/slot.ts';
import { Vp8Rewriter } from '../packet/vp8-rewriter.ts';
import type { ConsumerParameters } from '../parameters.ts';
import type { Producer } from './producer.ts';

/** What a consumer needs from the transport that it sends through. */
export interface ConsumerHost {
  /** Finishes the packet's transport-wide fields and sends it. Returns false when it did not go out. */
  send(slot: PacketSlot, packet: Buffer, nowMs: number): boolean;
  consumerClosed(consumer: Consumer): void;
  layerChanged(consumer: Consumer, rank: number): void;
}

const RTX_HEADER_SIZE = 2;
const TOP_RANK = 7;
const FIRST_RTT_MS = 50;
/** Asked-for packets a second; a storm of requests gets no more. */
const MAX_RESENDS_PER_SECOND = 1_000;
/** In ticks: two pictures never share a timestamp. */
const MIN_TIMESTAMP_STEP = 48;
const MAX_SEQUENCE_START = 1 << 14;

/**
 * One producer's media on its way to one receiver, in that receiver's terms:
 * its payload type, SSRC, extension ids, and numbers without holes or jumps.
 */
export class Consumer {
  readonly id: string;
  readonly producer: Producer;
  readonly parameters: ConsumerParameters;
  readonly #host: ConsumerHost;
  readonly #extensionIds: Uint8Array;
  readonly #layers = new LayerSwitch();
  readonly #sequences: SequenceMap;
  readonly #sent = new SentPackets();
  readonly #vp8: Vp8Rewriter | undefined;
  /** For retransmissions: made at the first one. */
  #rtxPacket: Buffer | undefined;
  #rtxSequence: number;
  #maxRank = TOP_RANK;
  #maxTemporal = TOP_RANK;
  #timestampOffset = 0;
  #lastTimestamp: number | undefined;
  #lastSentUs = 0;
  #resendBudget = MAX_RESENDS_PER_SECOND;
  paused = false;
  packets = 0;
  /** Payload bytes, as sender reports count them. */
  octets = 0;
  resent = 0;
  rttMs = FIRST_RTT_MS;
  fractionLost = 0;
  jitter = 0;

  /** `random` gives numbers in [0, 1), for where sequence numbers start (RFC 3550 5.1). */
  constructor(
    id: string,
    producer: Producer,
    parameters: ConsumerParameters,
    host: ConsumerHost,
    random: () => number = Math.random,
  ) {
    this.id = id;
    this.producer = producer;
    this.parameters = parameters;
    this.#host = host;
    this.#extensionIds = idByIndex(parameters.extensions);
    this.#sequences = new SequenceMap(Math.floor(random() * MAX_SEQUENCE_START) + 1);
    this.#rtxSequence = Math.floor(random() * MAX_SEQUENCE_START);
    this.#vp8 = producer.parameters.codec.name === 'VP8' ? new Vp8Rewriter() : undefined;
    producer.consumers.add(this);
  }

  get layer(): number {
    return this.#layers.current;
  }

  /** Ranks of spatial and temporal layers that this receiver wants at most. */
  prefer(maxRank: number, maxTemporal: number, nowMs: number): void {
    this.#maxRank = maxRank;
    this.#maxTemporal = maxTemporal;
    this.chooseLayer(nowMs);
  }

  pause(): void {
    this.paused = true;
    this.#layers.restart();
  }

  resume(nowMs: number): void {
    this.paused = false;
    this.requestKeyFrame(nowMs);
  }

  /** Aims at the best stream that is wanted and live. The congestion controller's allocation bounds it here. */
  chooseLayer(nowMs: number): void {
    if (this.paused) return;
    const layer = this.producer.chooseLayer(this.#maxRank);
    if (layer === NO_LAYER) return;
    this.#layers.aim(layer);
    if (this.#layers.current !== layer) this.producer.requestKeyFrame(layer, nowMs);
  }

  /** The path of one packet to this receiver. */
  forward(slot: PacketSlot, nowMs: number, nowUs: number): void {
    if (this.paused) return;
    switch (this.#layers.judge(slot)) {
      case 'skip':
        return;
      case 'switch':
        this.#switchTo(slot, nowUs);
        break;
      case 'forward':
        break;
    }
    if (slot.payloadLength === 0) {
      this.#sequences.drop(slot.sequence);
      return;
    }
    if (slot.temporalId > this.#maxTemporal) {
      this.#sequences.drop(slot.sequence);
      this.#vp8?.drop(slot);
      return;
    }
    const out = this.#sequences.map(slot.sequence);
    if (out === undefined) return;
    this.#address(slot, out);
    if (!this.#host.send(slot, slot.bytes, nowMs)) return;
    this.#sent.record(out, slot.sequence);
    this.packets++;
    this.octets += slot.payloadLength;
    const timestamp = (slot.timestamp + this.#timestampOffset) >>> 0;
    if (this.#lastTimestamp === undefined || wrapDistance(this.#lastTimestamp, timestamp, 32) > 0) {
      this.#lastTimestamp = timestamp;
      this.#lastSentUs = nowUs;
    }
  }

  /** Writes this receiver's terms into the packet, in place. */
  #address(slot: PacketSlot, out: number): void {
    const { bytes } = slot;
    setMarker(bytes, slot.marker);
    setPayloadType(bytes, this.parameters.payloadType);
    setSequenceNumber(bytes, out);
    setTimestamp(bytes, (slot.timestamp + this.#timestampOffset) >>> 0);
    setSsrc(bytes, this.parameters.ssrc);
    slot.setElementIds(this.#extensionIds);
    this.#vp8?.rewrite(slot);
  }

  /** Continues sequence numbers, picture ids and time with a stream that has others. */
  #switchTo(slot: PacketSlot, nowUs: number): void {
    this.#sequences.switchTo(slot.sequence);
    this.#sent.clear();
    this.#vp8?.switchTo(slot);
    if (this.#lastTimestamp !== undefined) {
      this.#timestampOffset = this.#offsetFor(slot, this.#lastTimestamp, nowUs);
    }
    this.#clockLayer = slot.layer;
    this.#host.layerChanged(this, this.producer.rankOf(slot.layer));
  }

  /** The layer that `#timestampOffset` is for. */
  #clockLayer = NO_LAYER;

  /**
   * What to add to the new stream's timestamps. From sender reports of both
   * streams where there are, so that lips stay in sync to the tick; else from
   * the time that has gone by since the last picture.
   */
  #offsetFor(slot: PacketSlot, lastTimestamp: number, nowUs: number): number {
    const { clockRate } = this.producer;
    const from = this.producer.stream(this.#clockLayer)?.clock;
    const to = this.producer.stream(slot.layer)?.clock;
    let offset: number | undefined;
    if (from?.reported && to?.reported) {
      const ahead = from === to ? 0 : from.aheadOf(to, nowUs);
      if (ahead !== undefined) offset = this.#timestampOffset - ahead;
    }
    const elapsedTicks = Math.round(((nowUs - this.#lastSentUs) / 1e6) * clockRate);
    offset ??= lastTimestamp + elapsedTicks - slot.timestamp;
    const step = wrapDistance(lastTimestamp, slot.timestamp + offset, 32);
    return step < MIN_TIMESTAMP_STEP ? offset + MIN_TIMESTAMP_STEP - step : offset;
  }

  requestKeyFrame(nowMs: number): void {
    const layer = this.#layers.current === NO_LAYER ? this.#layers.target : this.#layers.current;
    if (layer !== NO_LAYER) this.producer.requestKeyFrame(layer, nowMs);
  }

  /** Sends again what a NACK names, as RTX (RFC 4588) when that was negotiated. */
  resend(lost: readonly number[], nowMs: number): void {
    const stream = this.producer.stream(this.#layers.current);
    if (stream === undefined || this.paused) return;
    for (const sequenceNumber of lost) {
      if (this.#resendBudget <= 0) return;
      const out = this.#sent.unwrap(sequenceNumber);
      const incoming = this.#sent.takeForResend(out, nowMs, this.rttMs);
      const slot = incoming === undefined ? undefined : stream.cache.get(incoming);
      if (slot === undefined) continue;
      this.#resendBudget--;
      this.#address(slot, out);
      if (this.#host.send(slot, this.#wrapped(slot, out), nowMs)) this.resent++;
    }
  }

  #wrapped(slot: PacketSlot, out: number): Buffer {
    const { rtxPayloadType, rtxSsrc } = this.parameters;
    if (rtxPayloadType === undefined || rtxSsrc === undefined) return slot.bytes;
    this.#rtxPacket ??= Buffer.allocUnsafeSlow(MAX_PACKET + RTX_HEADER_SIZE);
    const packet = this.#rtxPacket;
    const { bytes, payloadOffset } = slot;
    bytes.copy(packet, 0, 0, payloadOffset);
    bytes.copy(packet, payloadOffset + RTX_HEADER_SIZE, payloadOffset, bytes.length);
    writeU16(packet, payloadOffset, out & 0xffff);
    setPayloadType(packet, rtxPayloadType);
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    setSequenceNumber(packet, this.#rtxSequence);
    setSsrc(packet, rtxSsrc);
    return packet.subarray(0, bytes.length + RTX_HEADER_SIZE);
  }

  /** A receiver report about this stream. */
  onReport(report: ReportBlock, nowUs: number): void {
    this.fractionLost = report.fractionLost / 256;
    this.jitter = report.jitter;
    const rttMs = roundTripMs(report, nowUs);
    if (rttMs !== undefined) this.rttMs = rttMs;
  }

  /** Once a second: the sender report, and the budgets of a second. */
  everySecond(writer: RtcpWriter, cname: string, nowUs: number): void {
    this.#resendBudget = MAX_RESENDS_PER_SECOND;
    const timestamp = this.producer.stream(this.#clockLayer)?.clock.timestampAt(nowUs);
    if (this.packets === 0 || timestamp === undefined) return;
    writer.senderReport({
      ssrc: this.parameters.ssrc,
      ntp: ntpOfMicros(nowUs),
      rtpTimestamp: (timestamp + this.#timestampOffset) >>> 0,
      packetCount: this.packets >>> 0,
      octetCount: this.octets >>> 0,
    });
    writer.sourceDescription(this.parameters.ssrc, cname);
  }

  /** Its own end; the producer goes on. */
  close(): void {
    this.producer.consumers.delete(this);
  }

  producerClosed(): void {
    this.#host.consumerClosed(this);
  }
}
