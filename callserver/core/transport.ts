import {
  ElementCursor,
  isRtcp,
  parseRtcp,
  type RtcpPacket,
  RtcpWriter,
  RtpPacket,
  readU16,
  readU24,
  type TransportFeedback,
} from '#protocol';
import type { Fields, PacedKind } from '../congestion/pacer.ts';
import { ArrivalClock } from '../packet/arrival-clock.ts';
import {
  ABS_SEND_TIME,
  type ExtensionIds,
  indexById,
  TRANSPORT_CC,
} from '../packet/extension-order.ts';
import { PeerClock } from '../packet/sender-clock.ts';
import { TransportFeedbackGenerator } from '../packet/transport-feedback.ts';
import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';
import { Allocator } from './allocator.ts';
import { Consumer, type ConsumerHost } from './consumer.ts';
import { StreamDemux } from './demux.ts';
import { OutgoingPath, type Padding } from './outgoing-path.ts';
import { PipeSignals } from './pipe-signals.ts';
import { Producer } from './producer.ts';

/** What carries the packets: DTLS-SRTP, a plain socket, another process. */
export interface Wire {
  /** False before packets can go out. */
  readonly open: boolean;
  /** Copies the packet. Returns false when it cannot go out now. */
  send(packet: Uint8Array): boolean;
  close(): void;
}

/** What a transport tells its owner. */
export interface TransportOwner {
  consumerClosed(consumerId: string): void;
  /** The layer that a consumer gets from now on, as a rank from 0, the lowest. */
  layerChanged(consumerId: string, rank: number): void;
  /** Nothing has come from a peer that used to send. */
  silent(): void;
  /** Something waits to go out: `drain` is to be called every few milliseconds until it returns false. */
  busy(): void;
}

/** Our SSRC in feedback; receivers do not look at it. */
const FEEDBACK_SSRC = 1;
const SECOND_MS = 1_000;
/** Who catches up gets that much more than is live. */
const CATCH_UP_PACE = 2;
const LAYER_CHECK_MS = 100;
/** Streams change their rates slowly. */
const ALLOCATION_MS = 300;
/** A change of the estimate that does not wait for that. */
const NOTABLE_CHANGE = 0.05;
/** ICE tells of a vanished peer after half a minute only. */
const SILENCE_MS = 5_000;
const LISTENER_SILENCE_MS = 12_000;

/** One peer's packets, in and out. Everything that happens to a packet begins or ends here. */
export class Transport implements ConsumerHost, Padding {
  readonly id: string;
  readonly #wire: Wire;
  readonly #cname: string;
  readonly #owner: TransportOwner;
  readonly #packet = new RtpPacket();
  readonly #elements = new ElementCursor();
  readonly #demux = new StreamDemux();
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #consumersBySsrc = new Map<number, Consumer>();
  readonly #peerClock: PeerClock;
  readonly #arrivals = new ArrivalClock();
  readonly #feedback = new TransportFeedbackGenerator();
  readonly #allocator = new Allocator();
  readonly path: OutgoingPath;
  /** Those that are sent what the cache holds. */
  readonly #catchingUp = new Set<Consumer>();
  readonly #writer = new RtcpWriter();
  readonly #lost: number[] = [];
  readonly #pipe: PipeSignals | undefined;
  #indexById = indexById({});
  #extensionIds: ExtensionIds = {};
  #allocatedFor = 0;
  #nextAllocationMs = 0;
  #nextSecondMs = 0;
  #nextLayerCheckMs = 0;
  #lastReceivedMs: number | undefined;
  #open = false;
  #closed = false;
  /** Packets that nobody can make sense of: unknown streams, malformed ones. */
  refused = 0;

  /**
   * `pipe`: at its other end is another call server, which passes on what it wants.
   * `clock`: that of its peer, where something is known of it beforehand.
   */
  constructor(
    id: string,
    wire: Wire,
    cname: string,
    owner: TransportOwner,
    { pipe = false, clock = new PeerClock() } = {},
  ) {
    this.id = id;
    this.#pipe = pipe ? new PipeSignals(FEEDBACK_SSRC, () => this.#flush()) : undefined;
    this.#peerClock = clock;
    this.#wire = wire;
    this.#cname = cname;
    this.#owner = owner;
    this.path = new OutgoingPath(wire, () => owner.busy());
  }

  get producers(): ReadonlyMap<string, Producer> {
    return this.#producers;
  }

  get consumers(): ReadonlyMap<string, Consumer> {
    return this.#consumers;
  }

  get isPipe(): boolean {
    return this.#pipe !== undefined;
  }

  get queueDelayMs(): number {
    return this.#arrivals.excessMs;
  }

  /** What its consumers could use, bits per second. */
  get wanted(): number {
    return this.#allocator.wanted;
  }

  /** Asked for every packet: a wire that has opened once stays so until it is closed. */
  get open(): boolean {
    this.#open ||= this.#wire.open;
    return this.#open;
  }

  produce(id: string, parameters: ProducerParameters): Producer {
    const producer = new Producer(id, parameters);
    this.#extensionIds = { ...this.#extensionIds, ...parameters.extensions };
    this.#indexById = indexById(this.#extensionIds);
    this.#producers.set(id, producer);
    this.#demux.add(producer);
    return producer;
  }

  consume(id: string, producer: Producer, parameters: ConsumerParameters, nowMs: number): Consumer {
    const consumer = new Consumer(id, producer, parameters, this);
    this.#consumers.set(id, consumer);
    this.#consumersBySsrc.set(parameters.ssrc, consumer);
    if (parameters.transportWide === true) this.path.control.enable();
    producer.rank(nowMs);
    this.#allocate(nowMs);
    consumer.chooseLayer(nowMs);
    return consumer;
  }

  closeProducer(producer: Producer): void {
    this.#producers.delete(producer.id);
    this.#demux.remove(producer);
    producer.close();
  }

  closeConsumer(consumer: Consumer): void {
    this.#forget(consumer);
    consumer.close();
  }

  #forget(consumer: Consumer): void {
    this.#catchingUp.delete(consumer);
    this.#consumers.delete(consumer.id);
    this.#consumersBySsrc.delete(consumer.parameters.ssrc);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const producer of [...this.#producers.values()]) this.closeProducer(producer);
    for (const consumer of [...this.#consumers.values()]) this.closeConsumer(consumer);
    this.#wire.close();
  }

  /** The wire has opened: from now on packets go out. */
  opened(nowMs: number): void {
    this.#allocate(nowMs);
    for (const consumer of this.#consumers.values()) consumer.chooseLayer(nowMs);
  }

  /** Everything that comes in. The packet is the callee's to keep or to change. */
  receive(source: Buffer, nowMs: number, nowUs: number): void {
    if (this.#closed) return;
    this.#lastReceivedMs = nowMs;
    if (isRtcp(source)) this.#receiveRtcp(source, nowMs, nowUs);
    else this.#receiveRtp(source, nowMs, nowUs);
  }

  #receiveRtp(source: Buffer, nowMs: number, nowUs: number): void {
    const packet = this.#packet;
    const route = packet.read(source) ? this.#demux.route(packet, this.#indexById) : undefined;
    if (route === undefined) {
      this.refused++;
      return;
    }
    this.#noteArrival(packet, nowMs);
    const { producer, stream, retransmission } = route;
    if (stream === undefined || (retransmission && !unwrapRtx(packet))) return;
    const known = stream.isLive(nowMs);
    const slot = stream.receive(packet, source, this.#indexById, nowMs, nowUs, retransmission);
    if (stream.nack !== undefined && stream.nack.missing > 0) this.#owner.busy();
    if (slot === undefined) return;
    if (!known) this.#chooseLayers(producer, nowMs);
    producer.forward(slot, nowMs, nowUs);
  }

  /** A packet that is told of here is never asked for again: the sender has forgotten it. */
  #noteArrival(packet: RtpPacket, nowMs: number): void {
    let sequenceAt = -1;
    let arrivalMs = nowMs;
    const elements = this.#elements.begin(packet);
    while (elements.next()) {
      const index = this.#indexById[elements.id];
      if (index === TRANSPORT_CC && elements.length === 2) sequenceAt = elements.offset;
      else if (index === ABS_SEND_TIME && elements.length === 3) {
        arrivalMs = this.#arrivals.arrival(readU24(packet.bytes, elements.offset), nowMs);
      }
    }
    if (sequenceAt >= 0) this.#feedback.received(readU16(packet.bytes, sequenceAt), arrivalMs);
  }

  #chooseLayers(producer: Producer, nowMs: number): void {
    producer.rank(nowMs);
    for (const consumer of producer.consumers) consumer.chooseLayer(nowMs);
  }

  #receiveRtcp(source: Buffer, nowMs: number, nowUs: number): void {
    let packets: RtcpPacket[];
    try {
      packets = parseRtcp(source);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refused++;
      return;
    }
    for (const packet of packets) this.#onRtcp(packet, nowMs, nowUs);
  }

  #onRtcp(packet: RtcpPacket, nowMs: number, nowUs: number): void {
    switch (packet.type) {
      case 'sender-report': {
        const stream = this.#demux.streamOf(packet.ssrc);
        stream?.statistics.onSenderReport(packet.ntp, nowMs);
        stream?.clock.report(packet.rtpTimestamp, this.#peerClock.toOurs(packet.ntp, nowUs));
        this.#onReports(packet.reports, nowMs, nowUs);
        break;
      }
      case 'receiver-report':
        this.#onReports(packet.reports, nowMs, nowUs);
        break;
      case 'nack':
        this.#consumersBySsrc.get(packet.mediaSsrc)?.resend(packet.lost, nowMs);
        break;
      case 'pli':
        this.#onKeyFrameRequest(packet.mediaSsrc, nowMs);
        break;
      case 'fir':
        for (const { ssrc } of packet.requests) this.#onKeyFrameRequest(ssrc, nowMs);
        break;
      case 'remb':
        this.path.control.onRemb(packet.bitrate);
        break;
      case 'transport-feedback':
        this.#onFeedback(packet, nowMs);
        break;
      case 'bye':
        for (const ssrc of packet.ssrcs) this.#demux.streamOf(ssrc)?.end();
        break;
      case 'application':
        this.#onApplication(packet.name, packet.data, nowMs);
        break;
      case 'source-description':
      case 'other':
        break;
    }
  }

  /** Who asks for a key frame through a pipe wants the stream. */
  #onKeyFrameRequest(ssrc: number, nowMs: number): void {
    const consumer = this.#consumersBySsrc.get(ssrc);
    if (this.#pipe !== undefined && consumer?.paused === true) consumer.resume(nowMs);
    else consumer?.requestKeyFrame(nowMs);
  }

  #onApplication(name: string, data: Uint8Array, nowMs: number): void {
    const stream = (ssrc: number) => this.#demux.streamOf(ssrc);
    const consumer = (ssrc: number) => this.#consumersBySsrc.get(ssrc);
    try {
      this.#pipe?.receive(name, data, stream, consumer, nowMs);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refused++;
    }
  }

  #onReports(
    reports: Extract<RtcpPacket, { type: 'receiver-report' }>['reports'],
    nowMs: number,
    nowUs: number,
  ): void {
    for (const report of reports)
      this.#consumersBySsrc.get(report.ssrc)?.onReport(report, nowMs, nowUs);
  }

  #onFeedback(feedback: TransportFeedback, nowMs: number): void {
    const { control } = this.path;
    control.onFeedback(feedback, nowMs);
    const estimate = control.estimate(nowMs) ?? Number.POSITIVE_INFINITY;
    const change = Math.abs(estimate - this.#allocatedFor);
    if (change > NOTABLE_CHANGE * this.#allocatedFor) this.#allocate(nowMs);
  }

  /** Shares out what the path bears, and looks whether it bears more where that is wanted. */
  #allocate(nowMs: number): void {
    if (this.#consumers.size === 0 || !this.#wire.open) return;
    const { control } = this.path;
    this.#allocatedFor = control.estimate(nowMs) ?? Number.POSITIVE_INFINITY;
    this.#nextAllocationMs = nowMs + ALLOCATION_MS;
    this.#allocator.run(this.#consumers.values(), control, nowMs);
    this.#tickPath(nowMs);
  }

  #tickPath(nowMs: number): void {
    if (this.#consumers.size === 0 || !this.#wire.open) return;
    const { wanted, given } = this.#allocator;
    const share = this.#catchingUp.size > 0 ? CATCH_UP_PACE : 1;
    this.path.tick(wanted, given * share, this.#padder !== undefined, nowMs);
  }

  get #padder(): Consumer | undefined {
    for (const consumer of this.#consumers.values()) if (consumer.canPad) return consumer;
    return undefined;
  }

  pad(nowMs: number): number {
    return this.#padder?.pad(nowMs) ?? 0;
  }

  /** Sends what waits and is due, and asks for what is missing. Returns false when nothing is left to wait for. */
  drain(nowMs: number, nowUs: number): boolean {
    if (this.#closed) return false;
    const missing = this.#producers.size > 0 && this.#requestMissing(nowMs);
    const waiting = this.path.drain(this, nowMs);
    for (const consumer of this.#catchingUp) {
      if (!consumer.catchUp(nowMs, nowUs)) this.#catchingUp.delete(consumer);
    }
    return waiting || missing || this.#catchingUp.size > 0;
  }

  burstMs(bytes: number, nowMs: number): number {
    return (bytes * 8_000) / this.path.control.pacingRate(this.#allocator.given, nowMs);
  }

  get waiting(): number {
    return this.path.pacer.waiting;
  }

  catchingUp(consumer: Consumer): void {
    this.#catchingUp.add(consumer);
    this.#owner.busy();
  }

  send(
    packet: Buffer,
    fields: Fields,
    kind: PacedKind,
    consumer: Consumer,
    nowMs: number,
  ): boolean {
    return this.path.send(packet, fields, kind, consumer, nowMs);
  }

  sendPadding(packet: Buffer, fields: Fields, nowMs: number): boolean {
    return this.path.transmit(packet, fields, nowMs);
  }

  /** Only where the path is full: elsewhere what waits arrives soon enough, and leaves no hole. */
  discard(consumer: Consumer): void {
    if (this.path.pacer.strict) this.path.pacer.discard(consumer);
  }

  consumerClosed(consumer: Consumer): void {
    this.#forget(consumer);
    this.#owner.consumerClosed(consumer.id);
  }

  layerChanged(consumer: Consumer, rank: number): void {
    this.#owner.layerChanged(consumer.id, rank);
  }

  /** To be called every few tens of milliseconds: what is due is sent. */
  tick(nowMs: number, nowUs: number): void {
    if (this.#closed) return;
    if (this.#producers.size > 0) this.#requestRepairs(nowMs);
    if (nowMs >= this.#nextLayerCheckMs) {
      this.#nextLayerCheckMs = nowMs + LAYER_CHECK_MS;
      for (const producer of this.#producers.values()) this.#chooseLayers(producer, nowMs);
      this.#pipe?.tick(this.#producers.values(), this.#consumers.values(), this.#writer, nowMs);
      if (nowMs >= this.#nextAllocationMs) this.#allocate(nowMs);
      else this.#tickPath(nowMs);
    }
    if (nowMs < this.#nextSecondMs) return;
    this.#nextSecondMs = nowMs + SECOND_MS;
    this.#report(nowMs, nowUs);
    this.#watchSilence(nowMs);
  }

  /** Where nothing is to come, nothing says that the peer is there but ICE, and it does so by itself. */
  #watchSilence(nowMs: number): void {
    if (this.#lastReceivedMs === undefined) return;
    if (this.#producers.size === 0 && !this.path.hasSent(SILENCE_MS, nowMs)) {
      this.#lastReceivedMs = nowMs;
    } else if (nowMs - this.#lastReceivedMs > this.#patienceMs) {
      this.#lastReceivedMs = undefined;
      this.#owner.silent();
    }
  }

  /** Who only listens may report every 7.5 s (RFC 3550 6.2, and what browsers make of it). */
  get #patienceMs(): number {
    if (this.#producers.size > 0) return SILENCE_MS;
    for (const { producer } of this.#consumers.values()) {
      if (producer.kind === 'video') return SILENCE_MS;
    }
    return LISTENER_SILENCE_MS;
  }

  /** Returns false when nothing is missing. */
  #requestMissing(nowMs: number): boolean {
    let missing = false;
    for (const { stream, retransmission } of this.#demux.routes) {
      const nack = retransmission ? undefined : stream?.nack;
      if (stream === undefined || nack === undefined || nack.missing === 0) continue;
      const lost = nack.due(nowMs, this.#lost);
      if (lost.length > 0) this.#writer.nack(FEEDBACK_SSRC, stream.ssrc, lost);
      missing ||= nack.missing > 0;
    }
    this.#flush();
    return missing;
  }

  #requestRepairs(nowMs: number): void {
    this.#requestMissing(nowMs);
    let mediaSsrc = 0;
    for (const { stream, retransmission } of this.#demux.routes) {
      if (stream === undefined || retransmission) continue;
      mediaSsrc = stream.ssrc;
      if (stream.keyFrames.due(nowMs)) this.#writer.pli(FEEDBACK_SSRC, stream.ssrc);
    }
    this.#flush();
    for (const bytes of this.#feedback.due(nowMs, FEEDBACK_SSRC, mediaSsrc)) {
      this.#wire.send(bytes);
    }
  }

  #report(nowMs: number, nowUs: number): void {
    const blocks = [];
    for (const { stream, retransmission } of this.#demux.routes) {
      const block = retransmission ? undefined : stream?.statistics.report(stream.ssrc, nowMs);
      if (block !== undefined) blocks.push(block);
    }
    if (blocks.length > 0) {
      this.#writer.receiverReport(FEEDBACK_SSRC, blocks);
      this.#writer.sourceDescription(FEEDBACK_SSRC, this.#cname);
      this.#flush();
    }
    for (const consumer of this.#consumers.values()) {
      consumer.waitForRepairs(nowMs);
      consumer.everySecond(this.#writer, this.#cname, nowUs);
      this.#flush();
    }
  }

  #flush(): void {
    if (this.#writer.size > 0) this.#wire.send(this.#writer.bytes());
    this.#writer.clear();
  }
}

/** RFC 4588 4: the original sequence number stands in front of the payload. False when nothing is in it. */
function unwrapRtx(packet: RtpPacket): boolean {
  if (packet.payloadLength <= 2) return false;
  packet.sequenceNumber = readU16(packet.bytes, packet.payloadOffset);
  packet.payloadOffset += 2;
  packet.payloadLength -= 2;
  return true;
}
