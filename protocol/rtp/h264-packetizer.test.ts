import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264Depacketizer, H264Payload } from './h264.ts';
import { packetizeH264 } from './h264-packetizer.ts';

const OFFSET = 12;

/** The payloads that come of these units, and which of them said to be the last. */
function payloads(units: readonly Uint8Array[], maxBytes: number) {
  const into = new Uint8Array(OFFSET + maxBytes);
  const made: { payload: Uint8Array; last: boolean }[] = [];
  packetizeH264(units, into, OFFSET, maxBytes, (length, last) =>
    made.push({ payload: into.slice(OFFSET, OFFSET + length), last }),
  );
  return made;
}

const unit = (header: number, bytes: number) =>
  Uint8Array.from({ length: bytes }, (_, i) => (i === 0 ? header : i & 0xff));
const SPS = unit(0x67, 20);
const PPS = unit(0x68, 5);

describe('packetizeH264', () => {
  it('puts parameter sets into one payload (RFC 6184 5.7.1) in front of a key frame in fragments', () => {
    const made = payloads([SPS, PPS, unit(0x65, 2_500)], 1_000).map(({ payload }) => payload);
    expect([...(made[0]?.subarray(0, 4) ?? [])]).toEqual([0x78, 0, 20, 0x67]);
    expect(made.slice(1).map((payload) => [payload[0], payload[1]])).toEqual([
      [0x7c, 0x85],
      [0x7c, 0x05],
      [0x7c, 0x45],
    ]);
    const read = new H264Payload();
    expect(made.map((payload) => read.read(payload, 0, payload.length) && read.keyFrame)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    [1_000, 'single', [0x41]],
    [1_001, 'fragments', [0x5c, 0x5c]],
  ])('makes of a unit of %d bytes, where 1,000 have room: %s', (bytes, _, heads) => {
    expect(payloads([unit(0x41, bytes)], 1_000).map(({ payload }) => payload[0])).toEqual(heads);
  });

  it('leaves out delimiters, and makes nothing of nothing', () => {
    expect(payloads([unit(0x09, 2), unit(0x41, 9)], 100)).toHaveLength(1);
    expect(payloads([unit(0x09, 2)], 100)).toEqual([]);
    expect(payloads([], 100)).toEqual([]);
  });

  it('says of one payload that it is the last, however the unit ends', () => {
    for (const units of [[SPS], [SPS, PPS], [unit(0x65, 400), PPS], [PPS, unit(0x65, 400)]]) {
      const lasts = payloads(units, 100).map(({ last }) => last);
      expect(lasts.filter(Boolean)).toHaveLength(1);
      expect(lasts.at(-1)).toBe(true);
    }
  });

  it('is undone by the depacketizer, whatever the units and the room', () => {
    const units = fc.array(
      fc
        .tuple(
          fc.integer({ min: 1, max: 8 }),
          fc.integer({ min: 0, max: 3 }),
          fc.uint8Array({ maxLength: 900 }),
        )
        .map(([type, importance, body]) => Uint8Array.of((importance << 5) | type, ...body)),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(units, fc.integer({ min: 20, max: 300 }), (given, maxBytes) => {
        const depacketizer = new H264Depacketizer();
        for (const { payload } of payloads(given, maxBytes)) {
          expect(payload.length).toBeLessThanOrEqual(maxBytes);
          expect(depacketizer.add(payload)).toBe(true);
        }
        expect(depacketizer.take()).toEqual(given);
      }),
    );
  });
});
