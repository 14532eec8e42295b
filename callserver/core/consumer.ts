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
  writeU24,
} from '#protocol';
import type { Claim } from '../congestion/allocation.ts';
import type { Fields, PacedKind } from '../congestion/pacer.ts';
import {
  ABS_SEND_TIME,
  idByIndex,
  PLAYOUT_DELAY,
  TRANSPORT_CC,
} from '../packet/extension-order.ts';
import { LayerSwitch, NO_LAYER } from '../packet/layer-switch.ts';
import { RepairTime } from '../packet/repair-time.ts';
import { roundTripMs } from '../packet/round-trip.ts';
import { SentPackets } from '../packet/sent-packets.ts';
import { SequenceMap } from '../packet/sequence-map.ts';
import { MAX_PACKET, type PacketSlot } from '../packet/slot.ts';
import { TemporalFilter } from '../packet/temporal-filter.ts';
import { Vp8Rewriter } from '../packet/vp8-rewriter.ts';
import type { ConsumerParameters } from '../parameters.ts';
import { writeBarePadding } from './bare-padding.ts';
import { PathBound } from './path-bound.ts';
import type { Producer } from './producer.ts';

/** What a consumer needs from the transport that it sends through. */
export interface ConsumerHost {
  /** False before a packet can go out. */
  readonly open: boolean;
  /** Finishes the packet's transport-wide fields and sends it, in its turn. Returns false when it will not go out. */
  send(packet: Buffer, fields: Fields, kind: PacedKind, consumer: Consumer, nowMs: number): boolean;
  /** Sends past the queue: it is to show what the path bears. */
  sendPadding(packet: Buffer, fields: Fields, nowMs: number): boolean;
  /** Pictures of this consumer that wait are of no use any more. */
  discard(consumer: Consumer): void;
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
/** The playout-delay header extension of WebRTC: 12 bits of minimum, 12 of maximum, in 10 ms. */
const PLAYOUT_DELAY_BITS = 12;
const PLAYOUT_DELAY_UNIT_MS = 10;
/** Ten seconds at most, which is what browsers begin with; no minimum. */
const NO_PLAYOUT_DELAY = 1_000;
const MAX_REPAIR_DELAY_MS = 500;
const LONG_WAY_MS = 60;
const LOSSY = 0.02;
const MAX_SEQUENCE_START = 1 << 14;
/** Padding is made of the last packets, as long as they are worth it. */
const PADDING_PACKETS = 64;
const PADDING_TRIES = 8;
const MIN_PADDING_PAYLOAD = 200;

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
  readonly #temporal = new TemporalFilter();
  readonly #kind: PacedKind;
  readonly #numbered: boolean;
  readonly #delayed: boolean;
  readonly #repairTime = new RepairTime();
  /** The playout delay that the receiver is asked for: minimum and maximum in 12 bits each. */
  #playoutDelay = NO_PLAYOUT_DELAY;
  readonly #fields: Fields = { sequenceAt: -1, sendTimeAt: -1 };
  readonly #sequences: SequenceMap;
  readonly #sent = new SentPackets();
  readonly #vp8: Vp8Rewriter | undefined;
  /** For retransmissions: made at the first one. */
  #rtxPacket: Buffer | undefined;
  #rtxSequence: number;
  #maxRank = TOP_RANK;
  #maxTemporal = TOP_RANK;
  #wanted: { width: number; height: number } | undefined;
  readonly #bound = new PathBound();
  #padded = 0;
  #timestampOffset = 0;
  #lastTimestamp: number | undefined;
  #lastSentUs = 0;
  #resendBudget = MAX_RESENDS_PER_SECOND;
  /** Next to the other consumers of the transport. */
  priority = 1;
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
    this.#kind = producer.kind === 'audio' ? 'sound' : 'picture';
    this.#delayed = parameters.extensions.playoutDelay !== undefined;
    this.#numbered = parameters.transportWide === true;
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

  /** How large the picture is shown, in pixels, and what it is worth next to others. */
  want(wanted: { priority: number; width?: number; height?: number }, nowMs: number): void {
    const { priority, width, height } = wanted;
    this.priority = priority;
    this.#wanted = width === undefined || height === undefined ? undefined : { width, height };
    this.chooseLayer(nowMs);
  }

  /** The highest rank that is of use to this receiver. */
  get #usefulRank(): number {
    const wanted = this.#wanted;
    if (wanted === undefined) return this.#maxRank;
    return Math.min(this.#maxRank, this.producer.rankFor(wanted.width, wanted.height));
  }

  /** What it asks of the allocation. */
  claim(nowMs: number): Claim {
    const { ladder } = this.producer;
    const present = this.#bound.stepOf(ladder);
    const mayRise = this.#bound.mayRise(nowMs);
    return { ladder, maxRank: this.#usefulRank, priority: this.priority, present, mayRise };
  }

  /** At most this rank and temporal layer: what the path bears. Below zero there is no picture. */
  bound(rank: number, temporal: number, nowMs: number): void {
    this.#bound.set(rank, temporal, this.#usefulRank, nowMs);
    this.chooseLayer(nowMs);
  }

  /** What the path leaves to it; undefined when nothing bounds it. */
  get boundTo(): { rank: number; temporal: number } | undefined {
    return this.#bound.holds ? this.#bound : undefined;
  }

  /** Nothing bounds it. */
  release(nowMs: number): void {
    this.#bound.release();
    this.chooseLayer(nowMs);
  }

  /** Aims at the best stream that is wanted and live, within what the path bears. */
  chooseLayer(nowMs: number): void {
    if (this.paused || !this.#host.open) return;
    if (this.#bound.rank < 0) {
      this.#suspend();
      return;
    }
    const layer = this.producer.chooseLayer(Math.min(this.#usefulRank, this.#bound.rank));
    if (layer === NO_LAYER) return;
    this.#layers.aim(layer);
    const { current } = this.#layers;
    if (current !== layer) this.producer.requestKeyFrame(layer, nowMs);
    // Until the key frame of the lower stream comes, less of the higher one has to do.
    const falling =
      current !== layer && this.producer.rankOf(layer) < this.producer.rankOf(current);
    this.#temporal.aim(falling ? 0 : Math.min(this.#maxTemporal, this.#bound.temporal));
  }

  #suspend(): void {
    if (this.#layers.target === NO_LAYER) return;
    this.#layers.aim(NO_LAYER);
    this.#layers.restart();
    this.#host.discard(this);
    this.#host.layerChanged(this, NO_LAYER);
  }

  /** The path of one packet to this receiver. */
  forward(slot: PacketSlot, nowMs: number, nowUs: number): void {
    if (this.paused || !this.#host.open) return;
    switch (this.#layers.judge(slot)) {
      case 'skip':
        return;
      case 'switch':
        this.#switchTo(slot, nowMs, nowUs);
        break;
      case 'forward':
        break;
    }
    if (slot.payloadLength === 0) {
      this.#sequences.drop(slot.sequence);
      return;
    }
    if (!this.#temporal.passes(slot)) {
      this.#sequences.drop(slot.sequence);
      this.#vp8?.drop(slot);
      return;
    }
    const out = this.#sequences.map(slot.sequence);
    if (out === undefined) return;
    this.#address(slot, out);
    if (!this.#host.send(slot.bytes, this.#fields, this.#kind, this, nowMs)) return;
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
    if (this.#delayed) {
      const at = slot.elementOffset(PLAYOUT_DELAY);
      if (at >= 0) writeU24(bytes, at, this.#playoutDelay);
    }
    this.#fields.sequenceAt = this.#numbered ? slot.elementOffset(TRANSPORT_CC) : -1;
    this.#fields.sendTimeAt = slot.elementOffset(ABS_SEND_TIME);
    this.#vp8?.rewrite(slot);
  }

  /** Continues sequence numbers, picture ids and time with a stream that has others. */
  #switchTo(slot: PacketSlot, nowMs: number, nowUs: number): void {
    this.#host.discard(this);
    this.#sequences.switchTo(slot.sequence);
    this.#sent.clear();
    this.#vp8?.switchTo(slot);
    if (this.#lastTimestamp !== undefined) {
      this.#timestampOffset = this.#offsetFor(slot, this.#lastTimestamp, nowUs);
    }
    this.#clockLayer = slot.layer;
    this.#host.layerChanged(this, this.producer.rankOf(slot.layer));
    this.chooseLayer(nowMs);
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
    const copies = this.#repairCopies;
    for (const sequenceNumber of lost) {
      if (this.#resendBudget <= 0) return;
      const out = this.#sent.unwrap(sequenceNumber);
      const incoming = this.#sent.takeForResend(out, nowMs, this.rttMs);
      const slot = incoming === undefined ? undefined : stream.cache.get(incoming);
      if (slot === undefined) continue;
      this.#resendBudget--;
      this.#address(slot, out);
      for (let copy = 0; copy < copies; copy++) {
        const packet = this.#wrapped(slot, out);
        if (this.#host.send(packet, this.#fields, 'repair', this, nowMs)) this.resent++;
      }
    }
  }

  /** On a long and lossy way the next try would come too late for the picture. */
  get #repairCopies(): number {
    return this.canPad && this.rttMs > LONG_WAY_MS && this.fractionLost > LOSSY ? 2 : 1;
  }

  /** Whether there is an SSRC of its own for what the receiver has no need of. */
  get canPad(): boolean {
    const { rtxPayloadType, rtxSsrc } = this.parameters;
    return rtxPayloadType !== undefined && rtxSsrc !== undefined && !this.paused;
  }

  /**
   * Sends one packet of no use but to fill the path: one of the last again, as a
   * retransmission that nobody asked for, else bare padding. Returns its bytes.
   */
  pad(nowMs: number): number {
    const stream = this.producer.stream(this.#layers.current);
    for (let i = 0; i < PADDING_TRIES && stream !== undefined; i++) {
      const out = this.#sent.recent(this.#padded++ % PADDING_PACKETS);
      const incoming = this.#sent.incomingOf(out);
      const slot = incoming === undefined ? undefined : stream.cache.get(incoming);
      if (slot === undefined || slot.payloadLength < MIN_PADDING_PAYLOAD) continue;
      this.#address(slot, out);
      const packet = this.#wrapped(slot, out);
      return this.#host.sendPadding(packet, this.#fields, nowMs) ? packet.length : 0;
    }
    const packet = this.#barePadding();
    return this.#host.sendPadding(packet, this.#fields, nowMs) ? packet.length : 0;
  }

  #barePadding(): Buffer {
    const { rtxPayloadType = 0, rtxSsrc = 0 } = this.parameters;
    this.#rtxPacket ??= Buffer.allocUnsafeSlow(MAX_PACKET + RTX_HEADER_SIZE);
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    const padding = {
      payloadType: rtxPayloadType,
      ssrc: rtxSsrc,
      sequence: this.#rtxSequence,
      timestamp: this.#lastTimestamp ?? 0,
      ids: this.#extensionIds,
    };
    const packet = writeBarePadding(this.#rtxPacket, padding, this.#fields);
    if (!this.#numbered) this.#fields.sequenceAt = -1;
    return packet;
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
  onReport(report: ReportBlock, nowMs: number, nowUs: number): void {
    this.fractionLost = report.fractionLost / 256;
    this.jitter = report.jitter;
    const rttMs = roundTripMs(report, nowUs);
    if (rttMs !== undefined) this.rttMs = rttMs;
    this.#repairTime.observe(this.fractionLost, this.rttMs, nowMs);
  }

  /**
   * Has the receiver wait long enough for one repair on each lossy way. It cannot
   * know how long the publisher's takes, and a picture that stands still is worse
   * than one that comes a little later.
   */
  waitForRepairs(nowMs: number): void {
    const up = this.producer.stream(this.#layers.current)?.repairTime.at(nowMs) ?? 0;
    const leastMs = Math.min(up + this.#repairTime.at(nowMs), MAX_REPAIR_DELAY_MS);
    this.#playoutDelay =
      (Math.round(leastMs / PLAYOUT_DELAY_UNIT_MS) << PLAYOUT_DELAY_BITS) | NO_PLAYOUT_DELAY;
  }

  /** Milliseconds that the receiver is asked to wait at least. */
  get playoutDelayMs(): number {
    return (this.#playoutDelay >> PLAYOUT_DELAY_BITS) * PLAYOUT_DELAY_UNIT_MS;
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
