import { ByteReader } from '../bytes.ts';
import {
  FMT_APPLICATION,
  FMT_FIR,
  FMT_NACK,
  FMT_PLI,
  FMT_TRANSPORT_CC,
  REMB_ID,
  type ReportBlock,
  RTCP_APP,
  RTCP_BYE,
  RTCP_PSFB,
  RTCP_RR,
  RTCP_RTPFB,
  RTCP_SDES,
  RTCP_SR,
  type RtcpPacket,
} from './packets.ts';
import { readTransportFeedback } from './transport-feedback.ts';

const SDES_CNAME = 1;

/**
 * Parses a compound packet (RFC 3550 6.1; reduced size too, RFC 5506). Throws
 * `RangeError` when a length lies or a field is cut short.
 */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  const r = new ByteReader(bytes);
  while (r.remaining > 0) {
    const head = r.u8();
    if (head >> 6 !== 2) throw new RangeError('RTCP: not version 2');
    const packetType = r.u8();
    const body = r.slice(r.u16() * 4);
    const padding = (head & 0x20) === 0 ? 0 : (body[body.length - 1] ?? 0);
    if (padding > body.length) throw new RangeError('RTCP: padding longer than the packet');
    const content = new ByteReader(body, 0, body.length - padding);
    packets.push(parseOne(packetType, head & 0x1f, content));
  }
  return packets;
}

function parseOne(packetType: number, count: number, r: ByteReader): RtcpPacket {
  switch (packetType) {
    case RTCP_SR:
      return {
        type: 'sender-report',
        ssrc: r.u32(),
        ntp: { seconds: r.u32(), fraction: r.u32() },
        rtpTimestamp: r.u32(),
        packetCount: r.u32(),
        octetCount: r.u32(),
        reports: readReports(r, count),
      };
    case RTCP_RR:
      return { type: 'receiver-report', ssrc: r.u32(), reports: readReports(r, count) };
    case RTCP_SDES:
      return { type: 'source-description', names: readNames(r, count) };
    case RTCP_BYE:
      return { type: 'bye', ssrcs: Array.from({ length: count }, () => r.u32()) };
    case RTCP_APP:
      return {
        type: 'application',
        subtype: count,
        ssrc: r.u32(),
        name: String.fromCharCode(...r.slice(4)),
        data: r.slice(r.remaining),
      };
    case RTCP_RTPFB:
      if (count === FMT_NACK) return readNack(r);
      if (count === FMT_TRANSPORT_CC) return readTransportFeedback(r);
      break;
    case RTCP_PSFB:
      if (count === FMT_PLI) return { type: 'pli', senderSsrc: r.u32(), mediaSsrc: r.u32() };
      if (count === FMT_FIR) return readFir(r);
      if (count === FMT_APPLICATION) return readApplication(r);
  }
  return { type: 'other', packetType, format: count };
}

function readReports(r: ByteReader, count: number): ReportBlock[] {
  return Array.from({ length: count }, () => ({
    ssrc: r.u32(),
    fractionLost: r.u8(),
    cumulativeLost: (r.u24() << 8) >> 8,
    highestSequence: r.u32(),
    jitter: r.u32(),
    lastSenderReport: r.u32(),
    delaySinceLastSenderReport: r.u32(),
  }));
}

/** Section 6.5: items end with a zero byte, chunks at a multiple of four. */
function readNames(r: ByteReader, count: number): { ssrc: number; cname: string }[] {
  const names: { ssrc: number; cname: string }[] = [];
  for (let i = 0; i < count; i++) {
    const ssrc = r.u32();
    for (let item = r.u8(); item !== 0; item = r.u8()) {
      const text = r.slice(r.u8());
      if (item === SDES_CNAME) names.push({ ssrc, cname: String.fromCharCode(...text) });
    }
    r.skip((4 - (r.offset % 4)) % 4);
  }
  return names;
}

/** RFC 4585 6.2.1. */
function readNack(r: ByteReader): RtcpPacket {
  const senderSsrc = r.u32();
  const mediaSsrc = r.u32();
  const lost: number[] = [];
  while (r.remaining > 0) {
    const first = r.u16();
    const following = r.u16();
    lost.push(first);
    for (let bit = 0; bit < 16; bit++) {
      if (following & (1 << bit)) lost.push((first + bit + 1) & 0xffff);
    }
  }
  return { type: 'nack', senderSsrc, mediaSsrc, lost };
}

/** RFC 5104 4.3.1. */
function readFir(r: ByteReader): RtcpPacket {
  const senderSsrc = r.u32();
  r.skip(4);
  const requests: { ssrc: number; sequence: number }[] = [];
  while (r.remaining > 0) {
    const ssrc = r.u32();
    requests.push({ ssrc, sequence: r.u8() });
    r.skip(3);
  }
  return { type: 'fir', senderSsrc, requests };
}

/** draft-alvestrand-rmcat-remb-03, section 2.2; other application feedback is of no interest. */
function readApplication(r: ByteReader): RtcpPacket {
  const senderSsrc = r.u32();
  r.skip(4);
  if (r.remaining < 8 || r.u32() !== REMB_ID) {
    return { type: 'other', packetType: RTCP_PSFB, format: FMT_APPLICATION };
  }
  const count = r.u8();
  const packed = r.u24();
  const bitrate = (packed & 0x3ffff) * 2 ** (packed >> 18);
  const ssrcs = Array.from({ length: count }, () => r.u32());
  return { type: 'remb', senderSsrc, bitrate, ssrcs };
}
