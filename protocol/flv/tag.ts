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

/**
 * One tag with its trailing PreviousTagSize. The body is given in pieces, so
 * that a payload is copied once.
 */
export function flvTag(
  type: FlvTagType,
  timestampMs: number,
  ...body: readonly Uint8Array[]
): Uint8Array {
  let size = 0;
  for (const piece of body) size += piece.length;
  const tag = new Uint8Array(TAG_HEADER_SIZE + size + PREVIOUS_TAG_SIZE);
  const view = new DataView(tag.buffer);
  const timestamp = timestampMs >>> 0;
  view.setUint32(0, (type << 24) | size);
  // The low 24 bits of the timestamp, then its high 8 bits.
  view.setUint32(4, (timestamp << 8) | (timestamp >>> 24));
  let offset = TAG_HEADER_SIZE;
  for (const piece of body) {
    tag.set(piece, offset);
    offset += piece.length;
  }
  view.setUint32(offset, TAG_HEADER_SIZE + size);
  return tag;
}

export interface FlvReaderOptions {
  /** A longer body is refused. */
  maxBodyBytes: number;
  onTag: (tag: FlvTag) => void;
}

/** Cuts a byte stream of any chunking into tags. The bodies are views that stay valid. */
export class FlvReader {
  readonly #options: FlvReaderOptions;
  #pending: Uint8Array = new Uint8Array(0);
  #headerSeen = false;

  constructor(options: FlvReaderOptions) {
    this.#options = options;
  }

  /** Throws `RangeError` when the stream is not FLV or a tag is too large; the reader is then spent. */
  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#pending.length > 0) {
      bytes = new Uint8Array(this.#pending.length + chunk.length);
      bytes.set(this.#pending);
      bytes.set(chunk, this.#pending.length);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (!this.#headerSeen) {
      if (bytes.length < HEADER_SIZE) {
        this.#pending = bytes;
        return;
      }
      if (view.getUint32(0) >>> 8 !== 0x464c56) throw new RangeError('not an FLV stream');
      const dataOffset = view.getUint32(5);
      if (dataOffset !== HEADER_SIZE) throw new RangeError('FLV header of an unknown length');
      at = HEADER_SIZE;
      this.#headerSeen = true;
    }
    // Each tag is read together with the PreviousTagSize in front of it.
    while (bytes.length - at >= PREVIOUS_TAG_SIZE + TAG_HEADER_SIZE) {
      const header = at + PREVIOUS_TAG_SIZE;
      const size = view.getUint32(header) & 0xffffff;
      if (size > this.#options.maxBodyBytes) throw new RangeError(`FLV tag of ${size} bytes`);
      const start = header + TAG_HEADER_SIZE;
      if (bytes.length < start + size) break;
      const timestamp = view.getUint32(header + 4);
      this.#options.onTag({
        type: view.getUint8(header) & 0x1f,
        timestampMs: ((timestamp >>> 8) | (timestamp << 24)) >>> 0,
        body: bytes.subarray(start, start + size),
      });
      at = start + size;
    }
    this.#pending = bytes.subarray(at);
  }
}
