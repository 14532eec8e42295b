import {
  ntpOfMicros,
  RTP_HEADER_SIZE,
  type RtcpWriter,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
} from '#protocol';
import { CODECS, type CodecName } from '../codecs.ts';
import { PACKETIZERS, type Packetizer } from './packetizers.ts';

/** Header extensions, SRTP and tunnels on the way still fit beside it into an MTU. */
const MAX_PAYLOAD = 1_160;
const RTP_VERSION = 0x80;

export interface UnitSenderOptions {
  codec: CodecName;
  payloadType: number;
  ssrc: number;
  /** Takes each packet; it is a view that holds for the call. */
  send: (packet: Uint8Array) => void;
}

/**
 * Makes RTP packets of one stream's access units. Timestamps are the time of
 * capture in the codec's clock, so streams that were captured together keep
 * together whichever of them a receiver gets.
 */
export class UnitSender {
  readonly ssrc: number;
  readonly #video: boolean;
  readonly #clockRate: number;
  readonly #packetize: Packetizer;
  readonly #send: (packet: Uint8Array) => void;
  readonly #packet = new Uint8Array(RTP_HEADER_SIZE + MAX_PAYLOAD);
  #sequence = 0;
  #packets = 0;
  #octets = 0;
  #capturedUs: number | undefined;
  #leadUs = 0;

  /** Throws `RangeError` for a codec that nobody here makes packets of. */
  constructor({ codec, payloadType, ssrc, send }: UnitSenderOptions) {
    const packetizer = PACKETIZERS[codec];
    if (packetizer === undefined) throw new RangeError(`no packets of ${codec}`);
    this.ssrc = ssrc;
    this.#video = CODECS[codec].kind === 'video';
    this.#clockRate = CODECS[codec].clockRate;
    this.#packetize = packetizer();
    this.#send = send;
    this.#packet[0] = RTP_VERSION;
    setPayloadType(this.#packet, payloadType);
    setSsrc(this.#packet, ssrc);
  }

  /** Of the newest unit; undefined before the first. */
  get capturedUs(): number | undefined {
    return this.#capturedUs;
  }

  /** How far timestamps are behind the time of capture, as `MediaTime` has it. Reports say so. */
  get leadUs(): number {
    return this.#leadUs;
  }

  set leadUs(us: number) {
    this.#leadUs = us;
  }

  /** `capturedUs` is in microseconds since the epoch. */
  send(capturedUs: number, unit: Uint8Array): void {
    const packet = this.#packet;
    this.#capturedUs = capturedUs;
    setTimestamp(packet, this.#timestamp(capturedUs));
    this.#packetize(unit, packet, RTP_HEADER_SIZE, MAX_PAYLOAD, (length, last) => {
      setMarker(packet, last && this.#video);
      setSequenceNumber(packet, this.#sequence & 0xffff);
      this.#sequence++;
      this.#packets++;
      this.#octets += length;
      this.#send(packet.subarray(0, RTP_HEADER_SIZE + length));
    });
  }

  /** The sender report that relates its timestamps to the time of capture (RFC 3550 6.4.1). */
  report(writer: RtcpWriter, capturedUs = this.#capturedUs): void {
    if (capturedUs === undefined) return;
    writer.senderReport({
      ssrc: this.ssrc,
      ntp: ntpOfMicros(capturedUs),
      rtpTimestamp: this.#timestamp(capturedUs),
      packetCount: this.#packets >>> 0,
      octetCount: this.#octets >>> 0,
    });
  }

  #timestamp(us: number): number {
    return Math.round(((us - this.#leadUs) / 1e6) * this.#clockRate) >>> 0;
  }
}
