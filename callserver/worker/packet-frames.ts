/** RFC 4571 2: two bytes with the length of the packet that follows. */
const FRAME_HEADER = 2;
const NOTHING = Buffer.alloc(0);

/** Cuts a TCP stream into the packets on it. What it keeps in between is less than one frame. */
export class PacketFrames {
  readonly #maxPacket: number;
  #rest: Buffer = NOTHING;

  /** Longer packets than `maxPacket` bytes are not taken. */
  constructor(maxPacket: number) {
    this.#maxPacket = maxPacket;
  }

  /**
   * Hands each whole packet to `sink`, as a view; empty ones are left out (RFC
   * 4571 2). Returns false when a length is over the bound: the stream is of no
   * use then.
   */
  push(chunk: Buffer, sink: (packet: Buffer) => void): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = NOTHING;
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER) {
      const length = bytes.readUInt16BE(at);
      if (length > this.#maxPacket) return false;
      const end = at + FRAME_HEADER + length;
      if (end > bytes.length) break;
      if (length > 0) sink(bytes.subarray(at + FRAME_HEADER, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return true;
  }
}

/** A packet as it goes onto the stream. */
export function packetFrame(packet: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER + packet.length);
  bytes.writeUInt16BE(packet.length, 0);
  packet.copy(bytes, FRAME_HEADER);
  return bytes;
}
