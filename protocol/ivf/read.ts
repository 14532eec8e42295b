/** One frame of an IVF stream: its timestamp in the stream's time base, and its bytes. */
export interface IvfFrame {
  timestamp: number;
  payload: Uint8Array;
}

const SIGNATURE = 0x444b4946;
/** Signature, version and length of the head: the length is at byte 6. */
const HEAD_LENGTH_AT = 6;
const MIN_HEAD = 32;
const MAX_HEAD = 1_024;
/** Length in four bytes, timestamp in eight; little-endian as everything in it. */
const FRAME_HEAD = 12;
const MAX_FRAME = 4 * 1024 * 1024;

/** Cuts a stream of IVF, the plainest container of VP8, VP9 and AV1, into frames as they come. */
export class IvfReader {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  /** Payloads are copies. Throws `RangeError` for what is no IVF: the stream is of no use then. */
  *push(chunk: Uint8Array): IterableIterator<IvfFrame> {
    let bytes = Buffer.concat([this.#rest, chunk]);
    this.#rest = bytes;
    if (!this.#begun) {
      if (bytes.length < MIN_HEAD) return;
      const head = bytes.readUInt16LE(HEAD_LENGTH_AT);
      if (bytes.readUInt32BE(0) !== SIGNATURE || head < MIN_HEAD || head > MAX_HEAD) {
        throw new RangeError('ivf: no head');
      }
      if (bytes.length < head) return;
      bytes = bytes.subarray(head);
      this.#begun = true;
    }
    while (bytes.length >= FRAME_HEAD) {
      const size = bytes.readUInt32LE(0);
      if (size > MAX_FRAME) throw new RangeError(`ivf: a frame of ${size} bytes`);
      if (bytes.length < FRAME_HEAD + size) break;
      const timestamp = Number(bytes.readBigInt64LE(4));
      const payload = Uint8Array.from(bytes.subarray(FRAME_HEAD, FRAME_HEAD + size));
      bytes = bytes.subarray(FRAME_HEAD + size);
      yield { timestamp, payload };
    }
    this.#rest = bytes;
  }
}
