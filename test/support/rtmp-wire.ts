/** RTMP on the wire (Adobe's RTMP specification 1.0), as a client writes and reads it. Pure. */

export interface RtmpMessage {
  /** Message type id. */
  type: number;
  timestampMs: number;
  streamId: number;
  body: Uint8Array;
}

export interface ChunkOptions {
  /** Chunk stream id. */
  chunkStream: number;
  chunkSize: number;
  /** Chunk header form of the first chunk: 0 = all fields, 1 = delta and length, 2 = delta, 3 = nothing. */
  form?: 0 | 1 | 2 | 3;
  /** What the header says instead of the body's length. */
  claimedLength?: number;
}

export const SET_CHUNK_SIZE = 1;
export const ABORT = 2;
export const WINDOW_ACKNOWLEDGEMENT = 5;
export const AUDIO = 8;
export const VIDEO = 9;
export const DATA = 18;
export const COMMAND = 20;

/** Basic header (5.3.1.1) in one, two or three bytes. */
export function basicHeader(form: number, chunkStream: number): Buffer {
  if (chunkStream < 64) return Buffer.of((form << 6) | chunkStream);
  if (chunkStream < 320) return Buffer.of(form << 6, chunkStream - 64);
  const rest = chunkStream - 64;
  return Buffer.of((form << 6) | 1, rest & 0xff, rest >> 8);
}

/** Message header (5.3.1.2) with its extended timestamp. In forms 1 and 2 the timestamp is a delta. */
export function messageHeader(
  form: number,
  message: Omit<RtmpMessage, 'body'> & { length: number },
): Buffer {
  const { timestampMs, length, type, streamId } = message;
  const timestamp = timestampMs >>> 0;
  const extended = timestamp >= 0xffffff;
  const bytes = Buffer.alloc(11);
  bytes.writeUIntBE(extended ? 0xffffff : timestamp, 0, 3);
  bytes.writeUIntBE(length, 3, 3);
  bytes[6] = type;
  bytes.writeUInt32LE(streamId, 7);
  const kept = bytes.subarray(0, [11, 7, 3, 0][form]);
  if (!extended) return kept;
  const extension = Buffer.alloc(4);
  extension.writeUInt32BE(timestamp);
  return Buffer.concat([kept, extension]);
}

/** One message in chunks. */
export function chunks(message: RtmpMessage, options: ChunkOptions): Buffer {
  const { chunkStream, chunkSize, form = 0 } = options;
  const { body } = message;
  const length = options.claimedLength ?? body.length;
  const pieces: Uint8Array[] = [
    basicHeader(form, chunkStream),
    messageHeader(form, { ...message, length }),
  ];
  const extension = message.timestampMs >>> 0 >= 0xffffff ? Buffer.alloc(4) : undefined;
  extension?.writeUInt32BE(message.timestampMs >>> 0);
  for (let at = 0; at < body.length; at += chunkSize) {
    if (at > 0) pieces.push(basicHeader(3, chunkStream));
    if (at > 0 && extension !== undefined) pieces.push(extension);
    pieces.push(body.subarray(at, at + chunkSize));
  }
  return Buffer.concat(pieces);
}

const HEADER_SIZES = [11, 7, 3, 0];

/** Reads the chunks of a server that always begins a message with form 0, as servers do for commands. */
export class MessageReader {
  #bytes: Buffer = Buffer.alloc(0);
  #chunkSize = 128;
  readonly #partial = new Map<number, { message: RtmpMessage; length: number; got: Buffer }>();

  push(bytes: Uint8Array): RtmpMessage[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const messages: RtmpMessage[] = [];
    for (;;) {
      const read = this.#chunk();
      if (read === undefined) return messages;
      if (read === null) continue;
      if (read.type === SET_CHUNK_SIZE) this.#chunkSize = Buffer.from(read.body).readUInt32BE(0);
      messages.push(read);
    }
  }

  /** A finished message, null for a chunk of an unfinished one, undefined when bytes are missing. */
  #chunk(): RtmpMessage | null | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 1) return undefined;
    const form = (bytes[0] ?? 0) >> 6;
    const id = (bytes[0] ?? 0) & 0x3f;
    const headerSize = HEADER_SIZES[form] ?? 0;
    if (bytes.length < 1 + headerSize) return undefined;
    let partial = this.#partial.get(id);
    if (form === 0) {
      partial = {
        length: bytes.readUIntBE(4, 3),
        got: Buffer.alloc(0),
        message: {
          type: bytes[7] ?? 0,
          timestampMs: bytes.readUIntBE(1, 3),
          streamId: bytes.readUInt32LE(8),
          body: Buffer.alloc(0),
        },
      };
      this.#partial.set(id, partial);
    }
    if (partial === undefined) throw new Error(`chunk of form ${form} on a new chunk stream`);
    const size = Math.min(this.#chunkSize, partial.length - partial.got.length);
    const start = 1 + headerSize;
    if (bytes.length < start + size) return undefined;
    partial.got = Buffer.concat([partial.got, bytes.subarray(start, start + size)]);
    this.#bytes = bytes.subarray(start + size);
    if (partial.got.length < partial.length) return null;
    this.#partial.delete(id);
    return { ...partial.message, body: partial.got };
  }
}
