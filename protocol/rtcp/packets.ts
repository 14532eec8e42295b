/** RTCP packet types (RFC 3550 12.1, RFC 4585 6.1). */
export const RTCP_SR = 200;
export const RTCP_RR = 201;
export const RTCP_SDES = 202;
export const RTCP_BYE = 203;
export const RTCP_APP = 204;
export const RTCP_RTPFB = 205;
export const RTCP_PSFB = 206;

/** Feedback formats (RFC 4585, RFC 5104, transport-wide congestion control, REMB). */
export const FMT_NACK = 1;
export const FMT_TRANSPORT_CC = 15;
export const FMT_PLI = 1;
export const FMT_FIR = 4;
export const FMT_APPLICATION = 15;
/** "REMB" */
export const REMB_ID = 0x52454d42;

/** A point in time in the 64-bit format of NTP: seconds since 1900 and their fraction of 2^32. */
export interface NtpTime {
  seconds: number;
  fraction: number;
}

/** Reception of one stream (RFC 3550 6.4.1). */
export interface ReportBlock {
  ssrc: number;
  /** In 1/256. */
  fractionLost: number;
  /** Signed: duplicates make it negative. */
  cumulativeLost: number;
  highestSequence: number;
  /** In ticks of the stream's clock. */
  jitter: number;
  /** The middle 32 bits of the last sender report's NTP time; 0 when there was none. */
  lastSenderReport: number;
  /** Since that report came, in 1/65536 s. */
  delaySinceLastSenderReport: number;
}

export type RtcpPacket =
  | {
      type: 'sender-report';
      ssrc: number;
      ntp: NtpTime;
      rtpTimestamp: number;
      packetCount: number;
      octetCount: number;
      reports: ReportBlock[];
    }
  | { type: 'receiver-report'; ssrc: number; reports: ReportBlock[] }
  | { type: 'source-description'; names: { ssrc: number; cname: string }[] }
  | { type: 'bye'; ssrcs: number[] }
  | { type: 'nack'; senderSsrc: number; mediaSsrc: number; lost: number[] }
  | { type: 'pli'; senderSsrc: number; mediaSsrc: number }
  | { type: 'fir'; senderSsrc: number; requests: { ssrc: number; sequence: number }[] }
  | { type: 'remb'; senderSsrc: number; bitrate: number; ssrcs: number[] }
  | TransportFeedback
  /** RFC 3550 6.7: `name` has four characters, `data` is a view. */
  | { type: 'application'; subtype: number; ssrc: number; name: string; data: Uint8Array }
  /** Well-formed, and of no interest here. */
  | { type: 'other'; packetType: number; format: number };

/** draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. `FeedbackCursor` walks over its packets. */
export interface TransportFeedback {
  type: 'transport-feedback';
  senderSsrc: number;
  mediaSsrc: number;
  feedbackCount: number;
  baseSequence: number;
  /** How many packets from `baseSequence` on it tells of. */
  packetCount: number;
  /** Where the receiver's clock stands before the first step, in 64 ms; 24 bits. */
  reference: number;
  /** Packet chunks, and from `stepsAt` on the steps in time; a view. */
  bytes: Uint8Array;
  stepsAt: number;
}

/** Seconds from 1900 to 1970. */
const NTP_EPOCH_S = 2_208_988_800;

export function ntpOfMicros(us: number): NtpTime {
  const seconds = Math.floor(us / 1e6);
  const fraction = Math.floor(((us - seconds * 1e6) / 1e6) * 2 ** 32);
  return { seconds: (seconds + NTP_EPOCH_S) % 2 ** 32, fraction };
}

/** Microseconds since the Unix epoch. */
export const microsOfNtp = (ntp: NtpTime): number =>
  Math.round((ntp.seconds - NTP_EPOCH_S) * 1e6 + (ntp.fraction / 2 ** 32) * 1e6);

/** The middle 32 bits, as report blocks quote them. */
export const compactNtp = (ntp: NtpTime): number =>
  (((ntp.seconds & 0xffff) << 16) | (ntp.fraction >>> 16)) >>> 0;
