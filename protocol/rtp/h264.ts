import { readU16 } from './packet.ts';

/** NAL unit types of RFC 6184 table 1 and H.264 table 7-1. */
const NAL_IDR = 5;
const NAL_SPS = 7;
const STAP_A = 24;
const FU_A = 28;
const TYPE_MASK = 0x1f;
const FU_START = 0x80;
const FU_END = 0x40;

/**
 * What an H.264 payload (RFC 6184, packetization mode 0 or 1) begins. Read into
 * the same object packet after packet.
 */
export class H264Payload {
  /** Begins a picture that needs nothing before it: an IDR slice, or the SPS in front of one. */
  keyFrame = false;

  /** Returns false when the payload is empty or cut short. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    this.keyFrame = false;
    if (length < 1) return false;
    const type = (bytes[offset] ?? 0) & TYPE_MASK;
    if (type === STAP_A) {
      return forEachAggregated(bytes, offset, length, (at) => {
        if (beginsKeyFrame((bytes[at] ?? 0) & TYPE_MASK)) this.keyFrame = true;
      });
    }
    if (type === FU_A) {
      if (length < 2) return false;
      const head = bytes[offset + 1] ?? 0;
      this.keyFrame = (head & FU_START) !== 0 && beginsKeyFrame(head & TYPE_MASK);
      return true;
    }
    this.keyFrame = beginsKeyFrame(type);
    return true;
  }
}

const beginsKeyFrame = (type: number): boolean => type === NAL_IDR || type === NAL_SPS;

/** Visits the NAL units of a STAP-A. Returns false when a length lies; the units before it were visited. */
function forEachAggregated(
  bytes: Uint8Array,
  offset: number,
  length: number,
  visit: (at: number, size: number) => void,
): boolean {
  const end = offset + length;
  let at = offset + 1;
  while (at + 2 <= end) {
    const size = readU16(bytes, at);
    at += 2;
    if (size === 0 || at + size > end) return false;
    visit(at, size);
    at += size;
  }
  return at === end;
}

/**
 * Puts the NAL units of one access unit together again. Packets are handed over
 * in order and without a hole; the caller begins anew after a loss.
 */
export class H264Depacketizer {
  #units: Uint8Array[] = [];
  #fragments: Uint8Array[] = [];

  /** Payloads are copied. Returns false when it does not fit what came before; then `reset`. */
  add(payload: Uint8Array): boolean {
    const head = payload[0];
    if (head === undefined) return false;
    const type = head & TYPE_MASK;
    if (type === STAP_A) {
      return forEachAggregated(payload, 0, payload.length, (at, size) => {
        this.#units.push(new Uint8Array(payload.subarray(at, at + size)));
      });
    }
    if (type === FU_A) return this.#addFragment(head, payload);
    if (type === 0 || type > STAP_A) return false;
    this.#units.push(new Uint8Array(payload));
    return true;
  }

  #addFragment(indicator: number, payload: Uint8Array): boolean {
    const head = payload[1];
    if (head === undefined) return false;
    const begins = (head & FU_START) !== 0;
    if (begins !== (this.#fragments.length === 0)) return false;
    // The unit's own header: importance from the indicator, type from the fragment header.
    if (begins) this.#fragments.push(Uint8Array.of((indicator & 0xe0) | (head & TYPE_MASK)));
    this.#fragments.push(new Uint8Array(payload.subarray(2)));
    if ((head & FU_END) !== 0) {
      this.#units.push(concat(this.#fragments));
      this.#fragments = [];
    }
    return true;
  }

  /** The NAL units so far, without start codes; begins the next access unit. Undefined when one is unfinished. */
  take(): Uint8Array[] | undefined {
    const whole = this.#fragments.length === 0;
    const units = this.#units;
    this.reset();
    return whole ? units : undefined;
  }

  reset(): void {
    this.#units = [];
    this.#fragments = [];
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
