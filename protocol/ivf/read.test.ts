import { describe, expect, it } from 'vitest';
import { IvfReader } from './read.ts';

function head(length = 32): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.write('DKIF');
  bytes.writeUInt16LE(length, 6);
  bytes.write('VP80', 8);
  return bytes;
}

function frame(timestamp: number, size: number): Buffer {
  const bytes = Buffer.alloc(12 + size, timestamp);
  bytes.writeUInt32LE(size, 0);
  bytes.writeBigInt64LE(BigInt(timestamp), 4);
  return bytes;
}

const STREAM = Buffer.concat([head(), frame(0, 5), frame(33, 1), frame(67, 0), frame(100, 400)]);

describe('IvfReader', () => {
  it.each([1, 7, 12, 44, STREAM.length])('reads frames out of chunks of %i bytes', (size) => {
    const reader = new IvfReader();
    const read = [];
    for (let at = 0; at < STREAM.length; at += size) {
      read.push(...reader.push(STREAM.subarray(at, at + size)));
    }
    expect(read.map(({ timestamp, payload }) => [timestamp, payload.length])).toEqual([
      [0, 5],
      [33, 1],
      [67, 0],
      [100, 400],
    ]);
    expect(read[3]?.payload.every((byte) => byte === 100)).toBe(true);
  });

  it('has a frame as soon as its last byte has come', () => {
    const reader = new IvfReader();
    expect([...reader.push(STREAM.subarray(0, 32 + 16))]).toEqual([]);
    expect([...reader.push(STREAM.subarray(32 + 16, 32 + 17))]).toHaveLength(1);
  });

  it('skips a longer head', () => {
    expect([...new IvfReader().push(Buffer.concat([head(40), frame(1, 2)]))]).toHaveLength(1);
  });

  it.each([
    ['another container', Buffer.alloc(40, 'x')],
    ['a head that is too short', Buffer.concat([head(32).fill(31, 6, 7), frame(1, 1)])],
    ['a frame that is too long', Buffer.concat([head(), Buffer.alloc(12, 0xff)])],
  ])('refuses %s', (_what, bytes) => {
    expect(() => [...new IvfReader().push(bytes)]).toThrow(RangeError);
  });
});
