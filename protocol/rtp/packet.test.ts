import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ElementWriter } from './extensions.ts';
import {
  ElementCursor,
  isRtcp,
  RtpPacket,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
} from './packet.ts';

/** A packet with two contributing sources, one-byte extensions and padding, byte by byte. */
const PACKET = Uint8Array.of(
  ...[0xb2, 0xe0, 0x12, 0x34], // version 2, padding, extension, 2 CSRCs; marker, type 96; sequence
  ...[0x00, 0x01, 0x5f, 0x90], // timestamp 90000
  ...[0xde, 0xad, 0xbe, 0xef], // SSRC
  ...[0, 0, 0, 1, 0, 0, 0, 2], // CSRCs
  ...[0xbe, 0xde, 0x00, 0x02], // one-byte elements, two words
  ...[0x32, 0xaa, 0xbb, 0xcc], // id 3, three bytes
  ...[0x00, 0x40, 0x7f, 0x00], // a padding byte, id 4, one byte, a padding byte
  ...[0x11, 0x22, 0x33], // payload
  ...[0x00, 0x02], // two bytes of padding
);

const elementsOf = (packet: RtpPacket) => {
  const found: { id: number; data: number[] }[] = [];
  const cursor = new ElementCursor().begin(packet);
  while (cursor.next()) {
    const data = [...packet.bytes.subarray(cursor.offset, cursor.offset + cursor.length)];
    found.push({ id: cursor.id, data });
  }
  return found;
};

describe('RtpPacket.read', () => {
  it('finds header, extension elements and payload between them and the padding', () => {
    const packet = new RtpPacket();
    expect(packet.read(PACKET)).toBe(true);
    expect(packet).toMatchObject({
      marker: true,
      payloadType: 96,
      sequenceNumber: 0x1234,
      timestamp: 90_000,
      ssrc: 0xdeadbeef,
      payloadOffset: 32,
      payloadLength: 3,
    });
    expect(elementsOf(packet)).toEqual([
      { id: 3, data: [0xaa, 0xbb, 0xcc] },
      { id: 4, data: [0x7f] },
    ]);
  });

  it.each([
    ['nothing', []],
    ['a header cut short', [...PACKET.subarray(0, 11)]],
    ['version 1', [0x40, ...PACKET.subarray(1)]],
    ['contributing sources past the end', [0x8f, ...PACKET.subarray(1, 20)]],
    ['an extension past the end', [...PACKET.subarray(0, 26)]],
    ['padding of zero', [...PACKET.subarray(0, 36), 0]],
    ['padding longer than the packet', [...PACKET.subarray(0, 36), 200]],
  ])('refuses %s', (_what, bytes) => {
    expect(new RtpPacket().read(Uint8Array.from(bytes))).toBe(false);
  });

  it('stops reading elements at one that does not fit', () => {
    const bytes = Uint8Array.from(PACKET);
    bytes[24] = 0x3f; // 16 bytes in 7
    const packet = new RtpPacket();
    expect(packet.read(bytes)).toBe(true);
    expect(elementsOf(packet)).toEqual([]);
  });

  it('takes any bytes without throwing, and what it accepts lies within them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, likely) => {
        if (likely && bytes.length > 0) bytes[0] = 0x80 | (bytes[0]! & 0x3f);
        const packet = new RtpPacket();
        if (!packet.read(bytes)) return;
        expect(packet.payloadOffset + packet.payloadLength).toBeLessThanOrEqual(bytes.length);
        expect(packet.payloadLength).toBeGreaterThanOrEqual(0);
        for (const { data } of elementsOf(packet)) expect(data).not.toContain(undefined);
      }),
    );
  });
});

describe('header fields', () => {
  it('are rewritten in place, and nothing else with them', () => {
    const bytes = Uint8Array.from(PACKET);
    setMarker(bytes, false);
    setPayloadType(bytes, 111);
    setSequenceNumber(bytes, 0x1_0005);
    setTimestamp(bytes, 0xffffffff);
    setSsrc(bytes, 0x80000001);
    const packet = new RtpPacket();
    expect(packet.read(bytes)).toBe(true);
    expect(packet).toMatchObject({
      marker: false,
      payloadType: 111,
      sequenceNumber: 5,
      timestamp: 0xffffffff,
      ssrc: 0x80000001,
    });
    expect(bytes.subarray(12)).toEqual(PACKET.subarray(12));
  });
});

describe('ElementWriter', () => {
  const element = fc.record({
    id: fc.integer({ min: 1, max: 14 }),
    data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  });

  it('writes what ElementCursor reads, in the form that the longest element needs', () => {
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), (elements) => {
        const longest = Math.max(...elements.map(({ data }) => data.length));
        const bytes = new Uint8Array(400).fill(0xee);
        bytes.set([0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        const writer = new ElementWriter(bytes, 12, longest);
        for (const { id, data } of elements) bytes.set(data, writer.add(id, data.length));
        const payloadOffset = writer.finish();
        const packet = new RtpPacket();
        expect(packet.read(bytes)).toBe(true);
        expect(packet.payloadOffset).toBe(payloadOffset);
        expect(packet.twoByteElements).toBe(longest > 16);
        expect(elementsOf(packet)).toEqual(
          elements.map(({ id, data }) => ({ id, data: [...data] })),
        );
      }),
    );
  });
});

describe('isRtcp', () => {
  it.each([
    [0xc8, true], // sender report
    [0xce, true], // payload-specific feedback
    [0x60, false], // payload type 96
    [0xe0, false], // payload type 96 with marker
    [0xbf, false],
    [0xe1, false],
  ])('tells by the second byte: 0x%s', (type, expected) => {
    expect(isRtcp(Uint8Array.of(0x80, type))).toBe(expected);
  });
});
