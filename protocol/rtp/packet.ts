/** RTP fixed header, RFC 3550 5.1. */
export const RTP_HEADER_SIZE = 12;
const VERSION_BITS = 0x80;
const EXTENSION_BIT = 0x10;
const PADDING_BIT = 0x20;
/** RFC 8285 4.2 and 4.3. */
export const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
const TWO_BYTE_MASK = 0xfff0;

/**
 * True when a packet of a port shared by RTP and RTCP is RTCP (RFC 5761 4):
 * payload types 64 to 95 are not used by RTP there.
 */
export const isRtcp = (bytes: Uint8Array): boolean => {
  const type = bytes[1] ?? 0;
  return type >= 192 && type <= 223;
};

export const readU16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export const readU24 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

export const readU32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)) >>>
  0;

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export const setMarker = (bytes: Uint8Array, marker: boolean): void => {
  bytes[1] = ((bytes[1] ?? 0) & 0x7f) | (marker ? 0x80 : 0);
};

export const setPayloadType = (bytes: Uint8Array, payloadType: number): void => {
  bytes[1] = ((bytes[1] ?? 0) & 0x80) | payloadType;
};

export const setSequenceNumber = (bytes: Uint8Array, sequence: number): void =>
  writeU16(bytes, 2, sequence);

export const setTimestamp = (bytes: Uint8Array, timestamp: number): void =>
  writeU32(bytes, 4, timestamp);

export const setSsrc = (bytes: Uint8Array, ssrc: number): void => writeU32(bytes, 8, ssrc);

/**
 * The header of one packet, read into the same object packet after packet: the
 * packet path allocates nothing. Its `bytes` are the packet itself, not a copy.
 */
export class RtpPacket {
  bytes: Uint8Array = new Uint8Array(0);
  marker = false;
  payloadType = 0;
  sequenceNumber = 0;
  timestamp = 0;
  ssrc = 0;
  /** Where contributing sources and fixed header end. */
  extensionsStart = 0;
  /** Where the extension elements begin and end; equal when there are none. */
  elementsStart = 0;
  elementsEnd = 0;
  twoByteElements = false;
  payloadOffset = 0;
  /** Without padding. */
  payloadLength = 0;

  /** Returns false when it is not a well-formed RTP packet; the fields mean nothing then. */
  read(bytes: Uint8Array): boolean {
    const size = bytes.length;
    if (size < RTP_HEADER_SIZE) return false;
    const first = bytes[0] ?? 0;
    if ((first & 0xc0) !== VERSION_BITS) return false;
    const second = bytes[1] ?? 0;
    this.bytes = bytes;
    this.marker = (second & 0x80) !== 0;
    this.payloadType = second & 0x7f;
    this.sequenceNumber = readU16(bytes, 2);
    this.timestamp = readU32(bytes, 4);
    this.ssrc = readU32(bytes, 8);
    let at = RTP_HEADER_SIZE + (first & 0x0f) * 4;
    this.extensionsStart = at;
    this.elementsStart = at;
    this.elementsEnd = at;
    if ((first & EXTENSION_BIT) !== 0) {
      if (at + 4 > size) return false;
      const profile = readU16(bytes, at);
      const length = readU16(bytes, at + 2) * 4;
      at += 4;
      if (at + length > size) return false;
      this.elementsStart = at;
      this.twoByteElements = (profile & TWO_BYTE_MASK) === TWO_BYTE_PROFILE;
      const known = this.twoByteElements || profile === ONE_BYTE_PROFILE;
      at += length;
      this.elementsEnd = known ? at : this.elementsStart;
    }
    if (at > size) return false;
    let padding = 0;
    if ((first & PADDING_BIT) !== 0) {
      padding = bytes[size - 1] ?? 0;
      if (padding === 0 || at + padding > size) return false;
    }
    this.payloadOffset = at;
    this.payloadLength = size - at - padding;
    return true;
  }
}

/** Walks over the header extension elements of a packet (RFC 8285 4.2, 4.3), without allocation. */
export class ElementCursor {
  id = 0;
  /** Of the element's data. */
  offset = 0;
  length = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #next = 0;
  #end = 0;
  #twoByte = false;

  begin(packet: RtpPacket): this {
    this.#bytes = packet.bytes;
    this.#next = packet.elementsStart;
    this.#end = packet.elementsEnd;
    this.#twoByte = packet.twoByteElements;
    return this;
  }

  /** False at the end, which an element that does not fit is too. */
  next(): boolean {
    const bytes = this.#bytes;
    while (this.#next < this.#end) {
      const head = bytes[this.#next] ?? 0;
      if (head === 0) {
        this.#next++;
        continue;
      }
      if (this.#twoByte) {
        if (this.#next + 2 > this.#end) return false;
        this.id = head;
        this.length = bytes[this.#next + 1] ?? 0;
        this.offset = this.#next + 2;
      } else {
        this.id = head >> 4;
        // Identifier 15 stops the reading; 0 with a length is not defined (RFC 8285 4.2).
        if (this.id === 15 || this.id === 0) return false;
        this.length = (head & 0x0f) + 1;
        this.offset = this.#next + 1;
      }
      this.#next = this.offset + this.length;
      return this.#next <= this.#end;
    }
    return false;
  }
}
