import { isRtcp, parseRtcp, type RtcpPacket, RtpPacket, writeU16, writeU32 } from '#protocol';

/** A wire that leads nowhere and keeps what was sent over it. */
export class RecordedWire {
  open = true;
  readonly sent: Buffer[] = [];

  send(packet: Uint8Array): boolean {
    this.sent.push(Buffer.from(packet));
    return true;
  }

  close(): void {}

  clear(): void {
    this.sent.length = 0;
  }

  get rtp(): RtpPacket[] {
    return this.sent
      .filter((bytes) => !isRtcp(bytes))
      .map((bytes) => {
        const packet = new RtpPacket();
        if (!packet.read(bytes)) throw new Error('no RTP packet');
        return packet;
      });
  }

  get rtcp(): RtcpPacket[] {
    return this.sent.filter(isRtcp).flatMap((bytes) => parseRtcp(bytes));
  }
}

export interface RtpFields {
  payloadType: number;
  ssrc: number;
  sequence: number;
  timestamp?: number;
  marker?: boolean;
  /** Of the one-byte form: data by id. */
  extensions?: Readonly<Record<number, readonly number[]>>;
}

/** An RTP packet (RFC 3550 5.1) with this payload. */
export function rtpPacket(fields: RtpFields, payload: Uint8Array): Buffer {
  const { payloadType, ssrc, sequence, timestamp = 0, marker = false, extensions = {} } = fields;
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head[1] = (marker ? 0x80 : 0) | payloadType;
  writeU16(head, 2, sequence & 0xffff);
  writeU32(head, 4, timestamp >>> 0);
  writeU32(head, 8, ssrc);
  const elements = Object.entries(extensions).map(([id, data]) =>
    Buffer.from([(Number(id) << 4) | (data.length - 1), ...data]),
  );
  if (elements.length === 0) return Buffer.concat([head, payload]);
  head[0] = 0x90;
  const body = Buffer.concat(elements);
  const padded = Buffer.alloc(Math.ceil(body.length / 4) * 4);
  body.copy(padded);
  const profile = Buffer.from([0xbe, 0xde, 0, padded.length / 4]);
  return Buffer.concat([head, profile, padded, payload]);
}

/** The payload of a VP8 packet (RFC 7741 4.2) that begins a frame, with a picture id of 15 bits. */
export function vp8Payload(picture: number, key: boolean, size: number): Buffer {
  const payload = Buffer.alloc(size);
  payload.set([0x90, 0x80, 0x80 | ((picture >> 8) & 0x7f), picture & 0xff, key ? 0 : 1]);
  return payload;
}
