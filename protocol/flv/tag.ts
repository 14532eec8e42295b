import { joined } from '../bytes.ts';

/**
 * FLV file format, Adobe "Video File Format Specification" 10.1, annex E.
 * A tag's body is also the payload of an RTMP audio, video or data message.
 */

export const TAG_AUDIO = 8;
export const TAG_VIDEO = 9;
export const TAG_SCRIPT = 18;
export type FlvTagType = typeof TAG_AUDIO | typeof TAG_VIDEO | typeof TAG_SCRIPT;

const HEADER_SIZE = 9;
const PREVIOUS_TAG_SIZE = 4;
const TAG_HEADER_SIZE = 11;

export interface FlvTag {
  type: number;
  /** Decoding time in milliseconds, 32 bits, wrapping. */
  timestampMs: number;
  body: Uint8Array;
}

/** The file header with its first (zero) PreviousTagSize. */
export function flvHeader(has: { audio: boolean; video: boolean }): Uint8Array {
  const flags = (has.audio ? 4 : 0) | (has.video ? 1 : 0);
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, HEADER_SIZE, 0, 0, 0, 0);
}

/** What a tag is longer than its body: header and PreviousTagSize. */
export const FLV_TAG_OVERHEAD = TAG_HEADER_SIZE + PREVIOUS_TAG_SIZE;

/** One tag with its trailing PreviousTagSize; the body is given in pieces. */
export function flvTag(
  type: FlvTagType,
  timestampMs: number,
  head: Uint8Array = NOTHING,
  payload: Uint8Array = NOTHING,
): Uint8Array {
  const tag = new Uint8Array(FLV_TAG_OVERHEAD + head.length + payload.length);
  writeFlvTag(tag, type, timestampMs, head, payload);
  return tag;
}

const NOTHING = new Uint8Array(0);

/** The same into memory of exactly the right size, for those who have some already. */
export function writeFlvTag(
  into: Uint8Array,
  type: FlvTagType,
  timestampMs: number,
  head: Uint8Array,
  payload: Uint8Array,
): void {
  const size = head.length + payload.length;
  into[0] = type;
  into[1] = size >>> 16;
  into[2] = size >>> 8;
  into[3] = size;
  // The low 24 bits of the timestamp, then its high 8 bits.
  into[4] = timestampMs >>> 16;
  into[5] = timestampMs >>> 8;
  into[6] = timestampMs;
  into[7] = timestampMs >>> 24;
  into[8] = 0;
  into[9] = 0;
  into[10] = 0;
  into.set(head, TAG_HEADER_SIZE);
  into.set(payload, TAG_HEADER_SIZE + head.length);
  const total = TAG_HEADER_SIZE + size;
  into[total] = total >>> 24;
  into[total + 1] = total >>> 16;
  into[total + 2] = total >>> 8;
  into[total + 3] = total;
}

export interface FlvReaderOptions {
  /** A longer body is refused. */
  maxBodyBytes: number;
  onTag: (tag: FlvTag) => void;
}

/** Cuts a byte stream of any chunking into tags. The bodies are views that stay valid. */
export class FlvReader {
  readonly #options: FlvReaderOptions;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Nothing can be cut before there is this much; so a long tag is joined once, not at every chunk. */
  #wanted = HEADER_SIZE;
  #headerSeen = false;

  constructor(options: FlvReaderOptions) {
    this.#options = options;
  }

  /** Throws `RangeError` when the stream is not FLV or a tag is too large; the reader is then spent. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered < this.#wanted) return;
    const bytes = joined(this.#chunks, this.#buffered);
    const rest = bytes.subarray(this.#cut(bytes));
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
  }

  /** Cuts what is whole; returns how far it came. */
  #cut(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (!this.#headerSeen) {
      if (view.getUint32(0) >>> 8 !== 0x464c56) throw new RangeError('not an FLV stream');
      if (view.getUint32(5) !== HEADER_SIZE) {
        throw new RangeError('FLV header of an unknown length');
      }
      at = HEADER_SIZE;
      this.#headerSeen = true;
    }
    // Each tag is read together with the PreviousTagSize in front of it.
    for (;;) {
      this.#wanted = PREVIOUS_TAG_SIZE + TAG_HEADER_SIZE;
      if (bytes.length - at < this.#wanted) return at;
      const header = at + PREVIOUS_TAG_SIZE;
      const size = view.getUint32(header) & 0xffffff;
      if (size > this.#options.maxBodyBytes) throw new RangeError(`FLV tag of ${size} bytes`);
      this.#wanted += size;
      if (bytes.length - at < this.#wanted) return at;
      const start = header + TAG_HEADER_SIZE;
      const timestamp = view.getUint32(header + 4);
      at = start + size;
      this.#options.onTag({
        type: view.getUint8(header) & 0x1f,
        timestampMs: ((timestamp >>> 8) | (timestamp << 24)) >>> 0,
        body: bytes.subarray(start, at),
      });
    }
  }
}
