import { AmphiError } from '#base';

/**
 * Frames on a byte stream between a worker and its owner, the same over a pipe
 * and over a network: length (4 bytes, of what follows), kind (1), payload.
 */
export const FRAME_CONTROL = 0;
/** Handle of a direct transport (4 bytes), then one RTP or RTCP packet. */
export const FRAME_PACKET = 1;
/** As `data-frames.ts` has it. 2 says that an end is there, on links between machines. */
export const FRAME_DATA = 3;

const HEADER = 5;
const MAX_FRAME = 1024 * 1024;

export function frame(kind: number, ...parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.allocUnsafe(HEADER + size);
  bytes.writeUInt32BE(size + 1, 0);
  bytes[4] = kind;
  let at = HEADER;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Payloads are views. Throws `AmphiError` when a frame is too long: the stream is of no use then. */
  *push(chunk: Buffer): IterableIterator<{ kind: number; payload: Buffer }> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER) {
      const size = bytes.readUInt32BE(0);
      if (size < 1 || size > MAX_FRAME) throw new AmphiError('protocol_violation', 'frame size');
      if (bytes.length < 4 + size) break;
      yield { kind: bytes[4] ?? 0, payload: bytes.subarray(HEADER, 4 + size) };
      bytes = bytes.subarray(4 + size);
    }
    this.#rest = bytes;
  }
}
