import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ntpOfMicros, RtcpWriter, writeU16, writeU32 } from '#protocol';
import { type AccessUnit, AccessUnitReader } from './access-units.ts';
import { PacketOrder } from './packet-order.ts';

const rtp = (sequence: number, timestamp: number, marker: boolean, payload: number[]): Buffer => {
  const bytes = Buffer.alloc(12 + payload.length);
  bytes[0] = 0x80;
  bytes[1] = (marker ? 0x80 : 0) | 96;
  writeU16(bytes, 2, sequence);
  writeU32(bytes, 4, timestamp);
  bytes.set(payload, 12);
  return bytes;
};

/** SPS, PPS and an IDR slice in two fragments: three packets. */
const keyUnit = (sequence: number, timestamp: number): Buffer[] => [
  rtp(sequence, timestamp, false, [0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]),
  rtp(sequence + 1, timestamp, false, [0x7c, 0x85, 1]),
  rtp(sequence + 2, timestamp, true, [0x7c, 0x45, 2]),
];
const slice = (sequence: number, timestamp: number): Buffer =>
  rtp(sequence, timestamp, true, [0x41, sequence & 0xff]);

const KEY_BYTES = [0, 0, 0, 2, 0x67, 0x42, 0, 0, 0, 1, 0x68, 0, 0, 0, 3, 0x65, 1, 2];

let units: AccessUnit[];
let losses: number;
let reader: AccessUnitReader;

beforeEach(() => {
  units = [];
  losses = 0;
  reader = new AccessUnitReader({
    codec: 'H264',
    maxWaitMs: 200,
    onUnit: (unit) => units.push(unit),
    onLoss: () => losses++,
  });
});

const push = (nowMs: number, ...packets: Buffer[]) => {
  for (const packet of packets) reader.push(packet, nowMs);
};

describe('AccessUnitReader', () => {
  it('begins with a key frame and gives NAL units with their lengths', () => {
    push(0, slice(1, 0), ...keyUnit(2, 3_000), slice(5, 6_000));
    expect(units.map(({ key, timestamp }) => [key, timestamp])).toEqual([
      [true, 3_000],
      [false, 6_000],
    ]);
    expect([...units[0]!.payload]).toEqual(KEY_BYTES);
  });

  it('waits for a packet that is being repaired', () => {
    const [first, second, third] = keyUnit(1, 0);
    push(0, first!, third!, slice(4, 3_000));
    expect(units).toEqual([]);
    push(150, second!);
    expect(units.map(({ key }) => key)).toEqual([true, false]);
    expect(losses).toBe(0);
  });

  it('leaves out what hangs on a lost packet, and says once that a key frame is needed', () => {
    push(0, ...keyUnit(1, 0), slice(5, 6_000), slice(6, 9_000));
    expect(units).toHaveLength(1);
    reader.poll(250);
    expect(losses).toBe(1);
    push(260, slice(7, 12_000), ...keyUnit(8, 15_000), slice(11, 18_000));
    expect(units.map(({ timestamp }) => timestamp)).toEqual([0, 15_000, 18_000]);
    expect(reader.lost).toBe(1);
    expect(losses).toBe(1);
  });

  it('takes no part of a unit for the whole when the end of the one before is lost with it', () => {
    const [first, second] = keyUnit(1, 0);
    const idr = rtp(6, 3_000, true, [0x65, 9]);
    // Lost: the end of the first unit, and the parameter sets of the second.
    push(0, first!, second!, idr);
    reader.poll(250);
    expect(units).toEqual([]);
  });

  it('tells when a picture was taken, by the sender report', () => {
    const writer = new RtcpWriter();
    const ntp = ntpOfMicros(1_700_000_000_000_000);
    writer.senderReport({ ssrc: 0, ntp, rtpTimestamp: 0xffffff00, packetCount: 0, octetCount: 0 });
    push(0, Buffer.from(writer.bytes()), ...keyUnit(1, 90_000 - 0x100));
    expect(units[0]?.capturedUs).toBe(1_700_000_001_000_000);
  });

  it('has no units of AV1', () => {
    const options = { maxWaitMs: 1, onUnit: () => {}, onLoss: () => {} };
    expect(() => new AccessUnitReader({ codec: 'AV1', ...options })).toThrow(RangeError);
  });
});

describe('PacketOrder', () => {
  it('gives every packet once and in order, whatever order they come in', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0xffff }),
        fc.shuffledSubarray(
          Array.from({ length: 40 }, (_, i) => i),
          { minLength: 40, maxLength: 40 },
        ),
        (first, order) => {
          const packets = new PacketOrder<number>(100);
          packets.push(first, -1, 0);
          for (const i of order) packets.push((first + 1 + i) & 0xffff, i, 0);
          for (const i of order) packets.push((first + 1 + i) & 0xffff, i, 0);
          const out: number[] = [];
          for (let next = packets.shift(0); next; next = packets.shift(0)) {
            expect(next.afterLoss).toBe(false);
            out.push(next.item);
          }
          expect(out).toEqual([-1, ...order.map((_, i) => i)]);
          expect(packets.late).toBe(40);
        },
      ),
    );
  });
});
