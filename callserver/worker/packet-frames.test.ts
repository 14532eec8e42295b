import { describe, expect, it } from 'vitest';
import { PacketFrames, packetFrame } from './packet-frames.ts';

const MAX = 8;

/** What comes out when these bytes come in these pieces. */
function cut(pieces: readonly Buffer[]): { packets: string[]; valid: boolean } {
  const frames = new PacketFrames(MAX);
  const packets: string[] = [];
  let valid = true;
  for (const piece of pieces) {
    valid &&= frames.push(piece, (packet) => packets.push(packet.toString()));
  }
  return { packets, valid };
}

describe('PacketFrames', () => {
  const stream = Buffer.concat(
    ['one', '', 'three', '12345678'].map((s) => packetFrame(Buffer.from(s))),
  );
  const packets = ['one', 'three', '12345678'];

  it('cuts packets out of one piece, and leaves empty ones out', () => {
    expect(cut([stream])).toEqual({ packets, valid: true });
  });

  it('cuts the same packets, wherever the stream is broken in two', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(cut([stream.subarray(0, at), stream.subarray(at)])).toEqual({ packets, valid: true });
    }
  });

  it('cuts the same packets out of single bytes', () => {
    expect(cut([...stream].map((byte) => Buffer.from([byte])))).toEqual({ packets, valid: true });
  });

  it.each([
    [MAX, true],
    [MAX + 1, false],
  ])('takes a length of %d: %s', (length, valid) => {
    expect(cut([Buffer.from([0, length])]).valid).toBe(valid);
    expect(cut([packetFrame(Buffer.alloc(length, 'x'))]).valid).toBe(valid);
  });

  it('waits for the rest of a packet', () => {
    expect(cut([Buffer.from([0, 3, 65])])).toEqual({ packets: [], valid: true });
  });
});
