import { wrapDistance } from '#base';
import {
  ElementCursor,
  ElementWriter,
  haveLayersAlone,
  RTP_HEADER_SIZE,
  type RtpPacket,
  writeU32,
} from '#protocol';
import { PacketCache } from '../packet/cache.ts';
import {
  ABS_SEND_TIME,
  FIRST_NOT_PASSED_ON,
  FIRST_PASSED_ON,
  NO_EXTENSION,
  PLAYOUT_DELAY,
  TRANSPORT_CC,
} from '../packet/extension-order.ts';
import { KeyFrameRequests } from '../packet/key-frame-requests.ts';
import { type LayerRateSource, LayerRates } from '../packet/layer-rates.ts';
import { NackGenerator } from '../packet/nack-generator.ts';
import type { PayloadReader } from '../packet/payload.ts';
import { RateMeter } from '../packet/rate-meter.ts';
import { ReceiveStatistics } from '../packet/receive-statistics.ts';
import { RepairTime } from '../packet/repair-time.ts';
import { StreamClock } from '../packet/sender-clock.ts';
import { MAX_PACKET, PACKET_OVERHEAD, type PacketSlot } from '../packet/slot.ts';
import type { ToldStream } from './pipe-signals.ts';

/**
 * Packets that are kept. Of a sender whose key frames cannot be asked for, enough
 * for a group of pictures: five seconds at 8 Mbit/s.
 */
const CACHE_PACKETS = { audio: 128, video: 1_024, unasked: 4_096 } as const;
/** Close to the end of the ring packets may be gone before they are sent. */
const CACHE_MARGIN = 64;
/** Browsers turn simulcast streams off and on with their own estimate; one that pauses this long is off. */
const LIVE_MS = 1_500;
const TRANSPORT_CC_SIZE = 2;
const ABS_SEND_TIME_SIZE = 3;
const PLAYOUT_DELAY_SIZE = 3;
/** Extensions written anew, and what padding and a two-byte form add at most. */
const ROOM_FOR_EXTENSIONS = 24;

export interface IncomingStreamOptions {
  kind: 'audio' | 'video';
  ssrc: number;
  /** Index among the simulcast streams of its producer. */
  layer: number;
  clockRate: number;
  nack: boolean;
  /** The sender sends a key frame when it is asked for one. */
  answersRequests: boolean;
  reader: PayloadReader;
}

/** The last key frame and all that followed it, as far as the cache still holds it. */
export interface PictureGroup {
  /** Unwrapped number of the key frame's first packet. */
  first: number;
  /** Timestamp of the newest packet. */
  live: number;
  bytes: number;
  /** Of these, what followed the key frame. */
  bytesAfter: number;
  ageMs: number;
}

/** One SSRC of a producer: the stages that a packet passes before anybody else sees it. */
export class IncomingStream {
  readonly ssrc: number;
  readonly layer: number;
  readonly statistics: ReceiveStatistics;
  readonly nack: NackGenerator | undefined;
  readonly cache: PacketCache;
  readonly clock: StreamClock;
  readonly keyFrames: KeyFrameRequests;
  readonly rate = new RateMeter();
  /** What the stream takes on the way to a receiver, headers included. */
  readonly layerRates = new LayerRates();
  /** Of one that comes through a pipe: how it is at the other end. */
  told: ToldStream | undefined;
  width = 0;
  height = 0;
  /** Its spatial layers can be sent each without those below it, but for key frames. */
  layersAlone = false;
  repaired = 0;
  /** Retransmissions that filled no gap, and packets that came twice. */
  duplicates = 0;
  malformed = 0;
  /** How long it takes to mend what the publisher's packets leave out. */
  readonly repairTime = new RepairTime();
  readonly #video: boolean;
  readonly #reader: PayloadReader;
  readonly #elements = new ElementCursor();
  #lastMs = Number.NEGATIVE_INFINITY;
  #groupFirst = -1;
  #groupTimestamp = 0;
  #groupBytes = 0;
  #keyFrameBytes = 0;
  #groupMs = 0;
  #liveTimestamp = 0;
  readonly #cachePackets: number;

  constructor(options: IncomingStreamOptions) {
    this.ssrc = options.ssrc;
    this.layer = options.layer;
    this.statistics = new ReceiveStatistics(options.clockRate);
    this.nack = options.nack ? new NackGenerator() : undefined;
    const { kind, answersRequests } = options;
    this.keyFrames = new KeyFrameRequests(answersRequests);
    this.#cachePackets = CACHE_PACKETS[answersRequests ? kind : 'unasked'];
    this.cache = new PacketCache(this.#cachePackets);
    this.clock = new StreamClock(options.clockRate);
    this.#video = options.kind === 'video';
    this.#reader = options.reader;
  }

  /** Packets of it are coming, or would if they were wanted. */
  isLive(nowMs: number): boolean {
    return this.#flows(nowMs) || (this.told?.isLive(nowMs) ?? false);
  }

  #flows(nowMs: number): boolean {
    return nowMs - this.#lastMs < LIVE_MS;
  }

  /** What it takes on the way to a receiver; of one that does not come, as it was told. */
  rates(nowMs: number): LayerRateSource {
    return this.told === undefined || this.#flows(nowMs) ? this.layerRates : this.told;
  }

  /** Undefined when there was no key frame yet, its packets have gone, or nothing comes any more. */
  group(nowMs: number): PictureGroup | undefined {
    const kept = this.statistics.highest - this.#groupFirst < this.#cachePackets - CACHE_MARGIN;
    if (this.#groupFirst < 0 || !kept || !this.#flows(nowMs)) return undefined;
    return {
      first: this.#groupFirst,
      live: this.#liveTimestamp,
      bytes: this.#groupBytes,
      bytesAfter: this.#groupBytes - this.#keyFrameBytes,
      ageMs: nowMs - this.#groupMs,
    };
  }

  /** A group begins where a key frame does, which may be in several packets that say so. */
  #noteGroup(slot: PacketSlot, nowMs: number): void {
    const begun = this.#groupFirst >= 0;
    if (!begun || wrapDistance(this.#liveTimestamp, slot.timestamp, 32) > 0) {
      this.#liveTimestamp = slot.timestamp;
    }
    const { length } = slot.bytes;
    const ofKeyFrame = begun && slot.timestamp === this.#groupTimestamp;
    if (slot.keyFrame && !ofKeyFrame) {
      if (slot.sequence < this.#groupFirst) return;
      this.#groupFirst = slot.sequence;
      this.#groupTimestamp = slot.timestamp;
      this.#groupBytes = length;
      this.#keyFrameBytes = length;
      this.#groupMs = nowMs;
      return;
    }
    this.#groupBytes += length;
    if (!ofKeyFrame) return;
    this.#keyFrameBytes += length;
    if (slot.keyFrame) this.#groupFirst = Math.min(this.#groupFirst, slot.sequence);
  }

  /** To be called now and then. */
  judge(nowMs: number): void {
    const { packets } = this.statistics;
    if (this.nack !== undefined) {
      this.repairTime.count(packets, this.repaired, this.nack.rttMs, nowMs);
    }
  }

  /** The sender said goodbye, or its owner did. */
  end(): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes one packet; `indexById` tells its header extensions. Returns the slot
   * that holds it now, or undefined when it goes no further: a duplicate, too
   * late, malformed. `repaired` marks one that came by retransmission.
   */
  receive(
    packet: RtpPacket,
    source: Buffer,
    indexById: Uint8Array,
    nowMs: number,
    nowUs: number,
    repaired: boolean,
  ): PacketSlot | undefined {
    const sequence = this.statistics.place(packet.sequenceNumber);
    if (sequence === undefined) {
      this.malformed++;
      return undefined;
    }
    // Chromium probes the path with retransmissions of what has arrived long since.
    if (this.cache.get(sequence) !== undefined || (repaired && !this.nack?.isMissing(sequence))) {
      this.duplicates++;
      return undefined;
    }
    const slot = this.#store(sequence, packet, source, indexById);
    if (slot === undefined) {
      this.malformed++;
      return undefined;
    }
    this.statistics.count(sequence, source.length, packet.timestamp, nowMs, repaired);
    this.rate.add(source.length, nowMs);
    const { spatialId, temporalId } = slot;
    this.layerRates.add(source.length + PACKET_OVERHEAD, spatialId, temporalId, nowMs);
    if (slot.keyFrame && slot.frame.structure !== undefined) {
      this.layersAlone = haveLayersAlone(slot.frame.structure);
    }
    this.clock.arrived(packet.timestamp, nowUs);
    this.#lastMs = nowMs;
    slot.arrivedMs = nowMs;
    if (this.#video) this.#noteGroup(slot, nowMs);
    if (repaired) this.repaired++;
    // A hole that cannot be mended needs a picture that stands by itself.
    if (this.nack?.received(sequence, nowMs) === false) this.keyFrames.want(nowMs);
    if (slot.width > 0) {
      this.width = slot.width;
      this.height = slot.height;
    }
    return slot;
  }

  /** Copies the packet into its slot, with header extensions in the order that consumers expect. */
  #store(
    sequence: number,
    packet: RtpPacket,
    source: Buffer,
    indexById: Uint8Array,
  ): PacketSlot | undefined {
    let longest = ABS_SEND_TIME_SIZE;
    let passedOn = 0;
    const elements = this.#elements.begin(packet);
    while (elements.next()) {
      if (!isPassedOn(indexById[elements.id], elements.length)) continue;
      if (elements.length > longest) longest = elements.length;
      passedOn += elements.length + 2;
    }
    const most = RTP_HEADER_SIZE + ROOM_FOR_EXTENSIONS + passedOn + packet.payloadLength;
    if (most > MAX_PACKET) return undefined;
    const slot = this.cache.claim(sequence);
    if (slot === undefined) return undefined;
    const { memory } = slot;
    memory[0] = 0x90;
    memory[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
    writeU32(memory, 4, packet.timestamp);
    const writer = new ElementWriter(memory, RTP_HEADER_SIZE, longest);
    slot.twoByteElements = writer.twoByte;
    slot.elementCount = 0;
    slot.addElement(TRANSPORT_CC, writer.add(1, TRANSPORT_CC_SIZE), TRANSPORT_CC_SIZE);
    slot.addElement(ABS_SEND_TIME, writer.add(2, ABS_SEND_TIME_SIZE), ABS_SEND_TIME_SIZE);
    if (this.#video) {
      slot.addElement(PLAYOUT_DELAY, writer.add(4, PLAYOUT_DELAY_SIZE), PLAYOUT_DELAY_SIZE);
    }
    elements.begin(packet);
    while (elements.next()) {
      const index = indexById[elements.id] ?? NO_EXTENSION;
      if (!isPassedOn(index, elements.length)) continue;
      // An extension that is there twice would not fit the table.
      if (slot.elementOffset(index) !== -1) continue;
      const at = writer.add(3, elements.length);
      source.copy(memory, at, elements.offset, elements.offset + elements.length);
      slot.addElement(index, at, elements.length);
    }
    slot.payloadOffset = writer.finish();
    slot.payloadLength = packet.payloadLength;
    const from = packet.payloadOffset;
    source.copy(memory, slot.payloadOffset, from, from + packet.payloadLength);
    slot.bytes = memory.subarray(0, slot.payloadOffset + packet.payloadLength);
    slot.timestamp = packet.timestamp;
    slot.marker = packet.marker;
    slot.layer = this.layer;
    slot.keyFrame = false;
    if (packet.payloadLength > 0 && !this.#reader.read(slot)) {
      slot.sequence = -1;
      return undefined;
    }
    return slot;
  }
}

/** Empty elements exist in the two-byte form only and say nothing here. */
const isPassedOn = (index = NO_EXTENSION, length: number): boolean =>
  index >= FIRST_PASSED_ON && index < FIRST_NOT_PASSED_ON && length > 0;
