import {
  ntpOfMicros,
  type ReportBlock,
  type RtcpWriter,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
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
import { SequenceMap } from '../packet/sequence-map.ts';
import type { PacketSlot } from '../packet/slot.ts';
import {
  DecodeTargetSwitch,
  type SpatialLayers,
  Vp9SpatialFilter,
} from '../packet/spatial-layers.ts';
import { TemporalFilter } from '../packet/temporal-filter.ts';
import { Vp8Rewriter } from '../packet/vp8-rewriter.ts';
import type { ConsumerParameters } from '../parameters.ts';
import { OutgoingClock } from './outgoing-clock.ts';
import { PathBound } from './path-bound.ts';
import type { Producer } from './producer.ts';
import { type RepairHost, Repairs } from './repairs.ts';
import { Replay, type ReplayPath } from './replay.ts';

/** What a consumer needs from the transport that it sends through. */
export interface ConsumerHost extends ReplayPath {
  /** False before a packet can go out. */
  readonly open: boolean;
  /** `catchUp` is to be called every few milliseconds until it returns false. */
  catchingUp(consumer: Consumer): void;
  /** Finishes the packet's transport-wide fields and sends it, in its turn. Returns false when it will not go out. */
  send(packet: Buffer, fields: Fields, kind: PacedKind, consumer: Consumer, nowMs: number): boolean;
  /** Sends past the queue: it is to show what the path bears. */
  sendPadding(packet: Buffer, fields: Fields, nowMs: number): boolean;
  /** Pictures of this consumer that wait are of no use any more. */
  discard(consumer: Consumer): void;
  consumerClosed(consumer: Consumer): void;
  layerChanged(consumer: Consumer, rank: number): void;
}

const TOP_RANK = 7;
const FIRST_RTT_MS = 50;
/** The playout-delay header extension of WebRTC: 12 bits of minimum, 12 of maximum, in 10 ms. */
const PLAYOUT_DELAY_BITS = 12;
const PLAYOUT_DELAY_UNIT_MS = 10;
/** Ten seconds at most, which is what browsers begin with; no minimum. */
const NO_PLAYOUT_DELAY = 1_000;
const MAX_REPAIR_DELAY_MS = 500;
const LONG_WAY_MS = 60;
const LOSSY = 0.02;
const MAX_SEQUENCE_START = 1 << 14;

/**
 * One producer's media on its way to one receiver, in that receiver's terms:
 * its payload type, SSRC, extension ids, and numbers without holes or jumps.
 */
export class Consumer implements RepairHost {
  readonly id: string;
  readonly parameters: ConsumerParameters;
  #producer: Producer;
  readonly #host: ConsumerHost;
  readonly #extensionIds: Uint8Array;
  readonly #layers = new LayerSwitch();
  readonly #temporal = new TemporalFilter();
  /** Of a stream that may have several spatial layers in itself. */
  #spatial: SpatialLayers | undefined;
  readonly #kind: PacedKind;
  readonly #numbered: boolean;
  /** Without descriptors a receiver of AV1 cannot tell the layers of a picture apart. */
  readonly #blind: boolean;
  readonly #delayed: boolean;
  readonly #repairTime = new RepairTime();
  /** The playout delay that the receiver is asked for: minimum and maximum in 12 bits each. */
  #playoutDelay = NO_PLAYOUT_DELAY;
  readonly fields: Fields = { sequenceAt: -1, sendTimeAt: -1 };
  readonly #sequences: SequenceMap;
  readonly #repairs: Repairs;
  readonly #clock: OutgoingClock;
  readonly #replay: Replay;
  readonly #vp8: Vp8Rewriter | undefined;
  #maxRank = TOP_RANK;
  #maxTemporal = TOP_RANK;
  #wanted: { width: number; height: number } | undefined;
  readonly #bound = new PathBound();
  /** The rank that was told of last. */
  #told = NO_LAYER;
  /** Next to the other consumers of the transport. */
  priority = 1;
  paused: boolean;
  packets = 0;
  /** Payload bytes, as sender reports count them. */
  octets = 0;
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
    this.#producer = producer;
    this.parameters = parameters;
    this.#host = host;
    // What is behind a pipe says when it wants something.
    this.paused = parameters.layer !== undefined;
    this.#extensionIds = idByIndex(parameters.extensions);
    this.#kind = producer.kind === 'audio' ? 'sound' : 'picture';
    this.#delayed = parameters.extensions.playoutDelay !== undefined;
    this.#blind =
      producer.parameters.codec.name === 'AV1' &&
      parameters.extensions.dependencyDescriptor === undefined;
    this.#numbered = parameters.transportWide === true;
    this.#sequences = new SequenceMap(Math.floor(random() * MAX_SEQUENCE_START) + 1);
    this.#repairs = new Repairs(this, parameters, this.#extensionIds, random);
    this.#clock = new OutgoingClock(producer.clockRate);
    this.#replay = new Replay(host);
    this.#vp8 = producer.parameters.codec.name === 'VP8' ? new Vp8Rewriter() : undefined;
    producer.consumers.add(this);
  }

  /** Whose media it gets; one that has ended, where another one is awaited. */
  get producer(): Producer {
    return this.#producer;
  }

  /**
   * Gets another producer of the same kind and codec from now on: what the
   * receiver sees stands still until a key frame of it, at best the one in the
   * cache, and then goes on as if nothing had happened.
   */
  follow(producer: Producer, nowMs: number): void {
    if (producer === this.#producer) return;
    this.close();
    this.#replay.end();
    this.#layers.aim(NO_LAYER);
    this.#layers.restart();
    this.#repairs.sent.clear();
    this.#producer = producer;
    producer.consumers.add(this);
    producer.rank(nowMs);
    this.chooseLayer(nowMs);
  }

  /** Of what it gets now, from 0, the lowest; -1 for nothing. */
  get rank(): number {
    const { current } = this.#layers;
    if (current === NO_LAYER) return NO_LAYER;
    return this.#scaled?.current ?? this.producer.rankOf(current);
  }

  /** Where ranks are layers of one stream. */
  get #scaled(): SpatialLayers | undefined {
    return this.producer.scalable ? this.#spatial : undefined;
  }

  /** Whether it gets a stream of its producer, or waits for it. */
  uses(layer: number): boolean {
    const { current, target } = this.#layers;
    return !this.paused && (current === layer || target === layer);
  }

  /** Ranks of spatial and temporal layers that this receiver wants at most. */
  prefer(maxRank: number, maxTemporal: number, nowMs: number): void {
    this.#maxRank = maxRank;
    this.#maxTemporal = maxTemporal;
    this.chooseLayer(nowMs);
  }

  pause(): void {
    this.paused = true;
    this.#replay.end();
    this.#layers.restart();
  }

  resume(nowMs: number): void {
    this.paused = false;
    this.chooseLayer(nowMs);
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
    if (this.#blind && this.producer.scalable) return 0;
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
    const rank = Math.min(this.#usefulRank, this.#bound.rank);
    const layer = this.parameters.layer ?? this.producer.chooseLayer(rank);
    if (layer === NO_LAYER) return;
    this.#layers.aim(layer);
    const { current } = this.#layers;
    if (current !== layer && this.#replay.layer !== layer && !this.#begin(layer, nowMs)) {
      this.producer.requestKeyFrame(layer, nowMs);
    }
    // Until the key frame of the lower stream comes, less of the higher one has to do.
    const falling =
      current !== layer && this.producer.rankOf(layer) < this.producer.rankOf(current);
    const temporal = falling ? 0 : Math.min(this.#maxTemporal, this.#bound.temporal);
    this.#temporal.aim(temporal);
    const spatial = this.producer.scalable ? rank : TOP_RANK;
    this.#spatial?.aim(spatial, temporal, nowMs);
    if (this.#spatial?.wantsKeyFrame(nowMs)) this.producer.requestKeyFrame(layer, nowMs);
    if (current !== NO_LAYER) this.#tellRank();
  }

  #tellRank(): void {
    const { rank } = this;
    if (rank === this.#told) return;
    this.#told = rank;
    this.#host.layerChanged(this, rank);
  }

  #suspend(): void {
    if (this.#layers.target === NO_LAYER) return;
    this.#replay.end();
    this.#layers.aim(NO_LAYER);
    this.#layers.restart();
    this.#host.discard(this);
    this.#tellRank();
  }

  /** Begins with the last key frame out of the cache. Returns false where a new one is to be waited for. */
  #begin(layer: number, nowMs: number): boolean {
    if (this.parameters.fastJoin !== true) return false;
    const first = this.#layers.current === NO_LAYER;
    const stream = this.producer.stream(layer);
    if (!this.#replay.begin(stream, first, this.producer.answersRequests, nowMs)) return false;
    this.#host.catchingUp(this);
    return true;
  }

  /** How often it began with a key frame out of the cache. */
  get replays(): number {
    return this.#replay.count;
  }

  /** Sends more of what the cache holds. Returns false when there is no more to send. */
  catchUp(nowMs: number, nowUs: number): boolean {
    return this.#replay.run((slot) => this.#pass(slot, nowMs, nowUs));
  }

  /** The path of one packet to this receiver. */
  forward(slot: PacketSlot, nowMs: number, nowUs: number): void {
    if (this.paused || !this.#host.open) return;
    if (this.#replay.holdsBack(slot)) {
      if (!slot.keyFrame || this.#layers.target !== slot.layer) return;
      // What has not been sent of the past is of no use any more.
      this.#replay.end();
      this.#layers.restart();
    }
    this.#pass(slot, nowMs, nowUs);
  }

  /** Numbers go on at this packet as if nothing had been left out before it. */
  skipTo(slot: PacketSlot): void {
    if (this.#layers.current === slot.layer) this.#sequences.switchTo(slot.sequence);
  }

  #pass(slot: PacketSlot, nowMs: number, nowUs: number): void {
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
    if (!this.#passesLayers(slot)) {
      this.#sequences.drop(slot.sequence);
      this.#vp8?.drop(slot);
      return;
    }
    const out = this.#sequences.map(slot.sequence);
    if (out === undefined) return;
    this.address(slot, out);
    if (!this.#host.send(slot.bytes, this.fields, this.#kind, this, nowMs)) return;
    this.#repairs.sent.record(out, slot.sequence);
    this.packets++;
    this.octets += slot.payloadLength;
    this.#clock.sent(slot.timestamp, nowUs);
  }

  #passesLayers(slot: PacketSlot): boolean {
    const spatial = this.#spatial;
    if (spatial === undefined) return this.#temporal.passes(slot);
    const before = spatial.current;
    if (!spatial.passes(slot)) return false;
    if (spatial.current !== before) this.#tellRank();
    // A decode target has its temporal layers in itself.
    return slot.frame.structure !== undefined || this.#temporal.passes(slot);
  }

  address(slot: PacketSlot, out: number): void {
    const { bytes } = slot;
    setMarker(bytes, this.#spatial?.endsPicture(slot) ?? slot.marker);
    setPayloadType(bytes, this.parameters.payloadType);
    setSequenceNumber(bytes, out);
    setTimestamp(bytes, this.#clock.map(slot.timestamp));
    setSsrc(bytes, this.parameters.ssrc);
    slot.setElementIds(this.#extensionIds);
    if (this.#delayed) {
      const at = slot.elementOffset(PLAYOUT_DELAY);
      if (at >= 0) writeU24(bytes, at, this.#playoutDelay);
    }
    this.fields.sequenceAt = this.#numbered ? slot.elementOffset(TRANSPORT_CC) : -1;
    this.fields.sendTimeAt = slot.elementOffset(ABS_SEND_TIME);
    this.#vp8?.rewrite(slot);
  }

  /** Continues sequence numbers, picture ids and time with a stream that has others. */
  #switchTo(slot: PacketSlot, nowMs: number, nowUs: number): void {
    this.#host.discard(this);
    this.#sequences.switchTo(slot.sequence);
    this.#repairs.sent.clear();
    this.#vp8?.switchTo(slot);
    const stream = this.producer.stream(slot.layer);
    const goal = this.#replay.goal(nowMs);
    if (goal === undefined) this.#clock.switchTo(stream?.clock, slot.timestamp, nowUs);
    else this.#clock.catchUp(stream?.clock, slot.timestamp, goal, nowUs);
    this.#spatial = this.#layersOf(slot);
    this.chooseLayer(nowMs);
    this.#tellRank();
  }

  #layersOf({ frame }: PacketSlot): SpatialLayers | undefined {
    if (frame.structure !== undefined) return new DecodeTargetSwitch();
    return this.producer.parameters.codec.name === 'VP9' ? new Vp9SpatialFilter() : undefined;
  }

  requestKeyFrame(nowMs: number): void {
    const layer = this.#layers.current === NO_LAYER ? this.#layers.target : this.#layers.current;
    if (layer === NO_LAYER) return;
    if (this.producer.answersRequests) this.producer.requestKeyFrame(layer, nowMs);
    else if (this.#replay.mayBeginAgain(this.producer.stream(layer), nowMs)) {
      // The next key frame may be far away: the last one, once more.
      this.#layers.restart();
      this.chooseLayer(nowMs);
    }
  }

  /** Sends again what a NACK names, as RTX (RFC 4588) when that was negotiated. */
  resend(lost: readonly number[], nowMs: number): void {
    const stream = this.producer.stream(this.#layers.current);
    if (stream === undefined || this.paused) return;
    this.#repairs.resend(lost, stream, this.#repairCopies, this.rttMs, nowMs);
  }

  sendRepair(packet: Buffer, nowMs: number): boolean {
    return this.#host.send(packet, this.fields, 'repair', this, nowMs);
  }

  get resent(): number {
    return this.#repairs.resent;
  }

  /** On a long and lossy way the next try would come too late for the picture. */
  get #repairCopies(): number {
    return this.canPad && this.rttMs > LONG_WAY_MS && this.fractionLost > LOSSY ? 2 : 1;
  }

  get canPad(): boolean {
    return this.#repairs.canPad && !this.paused;
  }

  /** Sends one packet of no use but to fill the path. Returns its bytes. */
  pad(nowMs: number): number {
    const stream = this.producer.stream(this.#layers.current);
    const packet = this.#repairs.padding(stream, this.#clock.last ?? 0);
    return this.#host.sendPadding(packet, this.fields, nowMs) ? packet.length : 0;
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
    this.#repairs.everySecond();
    const timestamp = this.#clock.timestampAt(nowUs);
    if (this.packets === 0 || timestamp === undefined) return;
    writer.senderReport({
      ssrc: this.parameters.ssrc,
      ntp: ntpOfMicros(nowUs),
      rtpTimestamp: timestamp,
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
    if (this.parameters.lasting !== true) this.#host.consumerClosed(this);
  }
}
