import {
  FMT_APPLICATION,
  FMT_FIR,
  FMT_NACK,
  FMT_PLI,
  type NtpTime,
  REMB_ID,
  type ReportBlock,
  RTCP_APP,
  RTCP_BYE,
  RTCP_PSFB,
  RTCP_RR,
  RTCP_RTPFB,
  RTCP_SDES,
  RTCP_SR,
} from './packets.ts';

const MAX_REPORTS = 31;
const VERSION = 0x80;
const SDES_CNAME = 1;
const APPLICATION_NAME = 4;
/** A bit mask of 16 follows each packet that is named in full. */
const NACK_SPAN = 16;

/** Builds a compound packet piece by piece (RFC 3550 6.1, RFC 5506). */
export class RtcpWriter {
  #bytes = new Uint8Array(256);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A view of what was written; valid until `clear`. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  clear(): void {
    this.#size = 0;
  }

  /** Begins one packet; the returned function pads it and writes its length. */
  begin(packetType: number, count: number): () => void {
    const start = this.#size;
    this.u8(VERSION | count);
    this.u8(packetType);
    this.u16(0);
    return () => {
      const odd = this.#size % 4;
      if (odd !== 0) {
        const padding = 4 - odd;
        for (let i = 1; i < padding; i++) this.u8(0);
        this.u8(padding);
        this.#bytes[start] = (this.#bytes[start] ?? 0) | 0x20;
      }
      const words = (this.#size - start) / 4 - 1;
      this.#bytes[start + 2] = words >> 8;
      this.#bytes[start + 3] = words;
    };
  }

  u8(value: number): void {
    if (this.#size === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#size++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  u24(value: number): void {
    this.u8(value >>> 16);
    this.u16(value);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }

  senderReport(report: {
    ssrc: number;
    ntp: NtpTime;
    rtpTimestamp: number;
    packetCount: number;
    octetCount: number;
  }): void {
    const end = this.begin(RTCP_SR, 0);
    this.u32(report.ssrc);
    this.u32(report.ntp.seconds);
    this.u32(report.ntp.fraction);
    this.u32(report.rtpTimestamp);
    this.u32(report.packetCount);
    this.u32(report.octetCount);
    end();
  }

  /** As many packets as the reports need; one without reports when there are none. */
  receiverReport(ssrc: number, reports: readonly ReportBlock[]): void {
    for (let at = 0; at === 0 || at < reports.length; at += MAX_REPORTS) {
      const some = reports.slice(at, at + MAX_REPORTS);
      const end = this.begin(RTCP_RR, some.length);
      this.u32(ssrc);
      for (const report of some) {
        this.u32(report.ssrc);
        this.u8(report.fractionLost);
        this.u24(Math.max(-0x800000, Math.min(0x7fffff, report.cumulativeLost)) & 0xffffff);
        this.u32(report.highestSequence);
        this.u32(report.jitter);
        this.u32(report.lastSenderReport);
        this.u32(report.delaySinceLastSenderReport);
      }
      end();
    }
  }

  /** `cname` in ASCII. */
  sourceDescription(ssrc: number, cname: string): void {
    const end = this.begin(RTCP_SDES, 1);
    this.u32(ssrc);
    this.u8(SDES_CNAME);
    this.u8(cname.length);
    for (let i = 0; i < cname.length; i++) this.u8(cname.charCodeAt(i));
    // The list of items ends with one zero at least; the chunk at a multiple of four.
    do this.u8(0);
    while (this.#size % 4 !== 0);
    end();
  }

  bye(ssrc: number): void {
    const end = this.begin(RTCP_BYE, 1);
    this.u32(ssrc);
    end();
  }

  /** RFC 3550 6.7: `name` in four characters of ASCII; `data` writes what follows, in multiples of four bytes. */
  application(ssrc: number, name: string, data: () => void): void {
    const end = this.begin(RTCP_APP, 0);
    this.u32(ssrc);
    for (let i = 0; i < APPLICATION_NAME; i++) this.u8(name.charCodeAt(i));
    data();
    end();
  }

  /** `lost` in ascending order, wrapping around. */
  nack(senderSsrc: number, mediaSsrc: number, lost: readonly number[]): void {
    const end = this.begin(RTCP_RTPFB, FMT_NACK);
    this.u32(senderSsrc);
    this.u32(mediaSsrc);
    for (let i = 0; i < lost.length; ) {
      const first = lost[i++] ?? 0;
      let following = 0;
      for (; i < lost.length; i++) {
        const distance = ((lost[i] ?? 0) - first) & 0xffff;
        if (distance === 0 || distance > NACK_SPAN) break;
        following |= 1 << (distance - 1);
      }
      this.u16(first);
      this.u16(following);
    }
    end();
  }

  pli(senderSsrc: number, mediaSsrc: number): void {
    const end = this.begin(RTCP_PSFB, FMT_PLI);
    this.u32(senderSsrc);
    this.u32(mediaSsrc);
    end();
  }

  fir(senderSsrc: number, mediaSsrc: number, sequence: number): void {
    const end = this.begin(RTCP_PSFB, FMT_FIR);
    this.u32(senderSsrc);
    this.u32(0);
    this.u32(mediaSsrc);
    this.u8(sequence);
    this.u24(0);
    end();
  }

  /** The bitrate is rounded down to what 18 bits and an exponent hold. */
  remb(senderSsrc: number, bitrate: number, ssrcs: readonly number[]): void {
    const end = this.begin(RTCP_PSFB, FMT_APPLICATION);
    let exponent = 0;
    let mantissa = Math.max(0, Math.floor(bitrate));
    while (mantissa > 0x3ffff) {
      mantissa = Math.floor(mantissa / 2);
      exponent++;
    }
    this.u32(senderSsrc);
    this.u32(0);
    this.u32(REMB_ID);
    this.u8(ssrcs.length);
    this.u24((exponent << 18) | mantissa);
    for (const ssrc of ssrcs) this.u32(ssrc);
    end();
  }
}
