import { Unwrapper } from '#base';
import { isRtcp, microsOfNtp, type NtpTime, parseRtcp, RtpPacket } from '#protocol';
import { CODECS, type CodecName } from '../codecs.ts';
import { DEPACKETIZERS, type Depacketizer } from './depacketizers.ts';
import { PacketOrder } from './packet-order.ts';

/** One access unit, whole, in decoding order. */
export interface AccessUnit {
  key: boolean;
  /** Ticks of the codec's clock, unwrapped. */
  timestamp: number;
  /** On the server's clock, in microseconds since the Unix epoch; undefined until the first sender report. */
  capturedUs: number | undefined;
  payload: Uint8Array;
}

export interface AccessUnitOptions {
  codec: CodecName;
  /** How long a missing packet is waited for: a few round trips of repair. */
  maxWaitMs: number;
  onUnit(unit: AccessUnit): void;
  /** What comes is of no use before the next key frame. */
  onLoss(): void;
}

interface Held {
  payload: Uint8Array;
  timestamp: number;
  marker: boolean;
}

/**
 * Makes access units of a consumer's packets: puts them in order, waits for
 * repair, leaves out units that are not whole and pictures that hang on them.
 */
export class AccessUnitReader {
  readonly #options: AccessUnitOptions;
  readonly #video: boolean;
  readonly #clockRate: number;
  readonly #depacketizer: Depacketizer;
  readonly #packet = new RtpPacket();
  readonly #order: PacketOrder<Held>;
  readonly #timestamps = new Unwrapper(32);
  #sender: { ntp: NtpTime; rtpTimestamp: number } | undefined;
  /** Of the unit that is being put together. */
  #timestamp: number | undefined;
  #broken = false;
  #needsKey: boolean;

  /** Throws `RangeError` for a codec whose units nobody here takes apart. */
  constructor(options: AccessUnitOptions) {
    const make = DEPACKETIZERS[options.codec];
    if (make === undefined) throw new RangeError(`no access units of ${options.codec}`);
    this.#options = options;
    this.#video = CODECS[options.codec].kind === 'video';
    this.#clockRate = CODECS[options.codec].clockRate;
    this.#depacketizer = make();
    this.#order = new PacketOrder(options.maxWaitMs);
    this.#needsKey = this.#video;
  }

  /** Packets given up. */
  get lost(): number {
    return this.#order.lost;
  }

  /** Takes an RTP or RTCP packet, which it copies as far as it keeps it. */
  push(bytes: Uint8Array, nowMs: number): void {
    if (isRtcp(bytes)) this.#onRtcp(bytes);
    else if (this.#packet.read(bytes) && this.#packet.payloadLength > 0) {
      const { payloadOffset, payloadLength, timestamp, marker, sequenceNumber } = this.#packet;
      const payload = new Uint8Array(bytes.subarray(payloadOffset, payloadOffset + payloadLength));
      this.#order.push(sequenceNumber, { payload, timestamp, marker }, nowMs);
    }
    this.poll(nowMs);
  }

  /** To be called now and then when nothing comes: what is waited for in vain is given up. */
  poll(nowMs: number): void {
    for (let next = this.#order.shift(nowMs); next; next = this.#order.shift(nowMs)) {
      this.#add(next.item, next.afterLoss);
    }
  }

  #onRtcp(bytes: Uint8Array): void {
    for (const packet of parseRtcp(bytes)) {
      if (packet.type === 'sender-report') this.#sender = packet;
    }
  }

  #add({ payload, timestamp, marker }: Held, afterLoss: boolean): void {
    if (afterLoss) this.#lose();
    if (this.#timestamp !== undefined && timestamp !== this.#timestamp) {
      this.#finish();
      // What is missing may have been of both units.
      if (afterLoss) this.#lose();
    }
    this.#timestamp = timestamp;
    if (!this.#broken && !this.#depacketizer.add(payload)) this.#lose();
    if (marker || !this.#video) this.#finish();
  }

  /** The unit under way is not whole, and neither is what refers to it. */
  #lose(): void {
    this.#broken = this.#video;
    this.#depacketizer.reset();
    if (!this.#video || this.#needsKey) return;
    this.#needsKey = true;
    this.#options.onLoss();
  }

  #finish(): void {
    const timestamp = this.#timestamp;
    const unit = this.#depacketizer.take();
    const broken = this.#broken;
    this.#timestamp = undefined;
    this.#broken = false;
    if (timestamp === undefined || broken || unit === undefined) return;
    if (this.#needsKey && !unit.key) return;
    this.#needsKey = false;
    const capturedUs = this.#capturedUs(timestamp);
    this.#options.onUnit({ ...unit, timestamp: this.#timestamps.unwrap(timestamp), capturedUs });
  }

  #capturedUs(timestamp: number): number | undefined {
    if (this.#sender === undefined) return undefined;
    const ticks = (timestamp - this.#sender.rtpTimestamp) | 0;
    return microsOfNtp(this.#sender.ntp) + Math.round((ticks / this.#clockRate) * 1e6);
  }
}
