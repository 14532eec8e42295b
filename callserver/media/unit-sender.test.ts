import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthPrefixed, parseRtcp, RtcpWriter, readU32, Vp8Descriptor } from '#protocol';
import { type AccessUnit, AccessUnitReader } from './access-units.ts';
import { UnitSender } from './unit-sender.ts';

const EPOCH_US = 1_790_000_000_000_000;
const FRAME_US = 33_333;

/** What comes out at the other end of these units, a frame apart. */
function carried(codec: 'H264' | 'VP8' | 'opus', units: readonly Uint8Array[]): AccessUnit[] {
  const out: AccessUnit[] = [];
  const reader = new AccessUnitReader({
    codec,
    maxWaitMs: 0,
    onUnit: (unit) => out.push(unit),
    onLoss: () => expect.unreachable('a loss'),
  });
  const sender = new UnitSender({
    codec,
    payloadType: 96,
    ssrc: 1,
    send: (packet) => reader.push(packet, 0),
  });
  const writer = new RtcpWriter();
  sender.report(writer, EPOCH_US);
  reader.push(writer.bytes(), 0);
  for (const [i, unit] of units.entries()) sender.send(EPOCH_US + i * FRAME_US, unit);
  return out;
}

const nal = (header: number, bytes: number) => new Uint8Array(bytes).fill(7).fill(header, 0, 1);
const KEY = lengthPrefixed([nal(0x67, 12), nal(0x68, 4), nal(0x65, 5_000)]);
const DELTA = lengthPrefixed([nal(0x41, 1_500), nal(0x41, 300)]);

describe('UnitSender', () => {
  it('is undone by the reader of access units, times included', () => {
    const out = carried('H264', [KEY, DELTA, DELTA]);
    expect(out.map(({ key }) => key)).toEqual([true, false, false]);
    expect(out.map(({ payload }) => payload)).toEqual([KEY, DELTA, DELTA]);
    for (const [i, unit] of out.entries()) {
      // A tick of 90 kHz is 11 microseconds.
      expect(Math.abs((unit.capturedUs ?? 0) - EPOCH_US - i * FRAME_US)).toBeLessThan(12);
    }
  });

  it('numbers the pictures of VP8, and a picture of several packets is whole again', () => {
    const frames = [0, 1, 1].map((tag, i) => new Uint8Array(900 * (i + 1)).fill(9).fill(tag, 0, 1));
    const out = carried('VP8', frames);
    expect(out.map(({ key }) => key)).toEqual([true, false, false]);
    expect(out.map(({ payload }) => payload)).toEqual(frames);
    const ids: number[] = [];
    const descriptor = new Vp8Descriptor();
    const send = (packet: Uint8Array) => {
      if (descriptor.read(packet, 12, packet.length - 12)) ids.push(descriptor.pictureId);
    };
    const sender = new UnitSender({ codec: 'VP8', payloadType: 96, ssrc: 1, send });
    for (const frame of frames) sender.send(EPOCH_US, frame);
    expect(ids).toEqual([0, 1, 1, 2, 2, 2]);
  });

  it('sends each packet of Opus in one of its own, without a marker', () => {
    const units = [1, 2, 3].map((bytes) => new Uint8Array(bytes).fill(0xfc));
    expect(carried('opus', units).map(({ payload }) => payload)).toEqual(units);
    const markers: number[] = [];
    const send = (packet: Uint8Array) => markers.push((packet[1] ?? 0) & 0x80);
    const sender = new UnitSender({ codec: 'opus', payloadType: 111, ssrc: 1, send });
    sender.send(EPOCH_US, new Uint8Array(3));
    sender.send(EPOCH_US, new Uint8Array(1_161));
    expect(markers).toEqual([0]);
  });

  it('keeps packets small enough for every way, over 65,536 of them and more', () => {
    const seen = { packets: 0, longest: 0, jumps: 0 };
    let last = -1;
    const sender = new UnitSender({
      codec: 'H264',
      payloadType: 96,
      ssrc: 1,
      send: (packet) => {
        const sequence = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
        if (last >= 0 && sequence !== ((last + 1) & 0xffff)) seen.jumps++;
        last = sequence;
        seen.packets++;
        seen.longest = Math.max(seen.longest, packet.length);
      },
    });
    const large = lengthPrefixed([nal(0x65, 1_000_000)]);
    for (let i = 0; i < 80; i++) sender.send(EPOCH_US + i, large);
    expect(seen.packets).toBeGreaterThan(65_536);
    expect(seen.longest).toBeLessThanOrEqual(1_172);
    expect(seen.jumps).toBe(0);
  });

  it('makes nothing of what is no access unit, and survives anything', () => {
    const bytes = fc.uint8Array({ maxLength: 5_000 });
    fc.assert(
      fc.property(bytes, (unit) => {
        const sender = new UnitSender({ codec: 'H264', payloadType: 96, ssrc: 1, send: () => {} });
        sender.send(EPOCH_US, unit);
      }),
    );
  });

  it('takes a lead off its timestamps, and reports so', () => {
    const timestamps: number[] = [];
    const sender = new UnitSender({
      codec: 'opus',
      payloadType: 111,
      ssrc: 1,
      send: (packet) => timestamps.push(readU32(packet, 4)),
    });
    sender.send(EPOCH_US, new Uint8Array(3));
    sender.leadUs = 6_000_000;
    sender.send(EPOCH_US + 7_000_000, new Uint8Array(3));
    expect(((timestamps[1] ?? 0) - (timestamps[0] ?? 0)) >>> 0).toBe(48_000);
    const writer = new RtcpWriter();
    sender.report(writer);
    const [report] = parseRtcp(writer.bytes());
    expect(report).toMatchObject({ type: 'sender-report', rtpTimestamp: timestamps[1] });
  });

  it('has no packets of codecs that are not made here', () => {
    const options = { payloadType: 96, ssrc: 1, send: () => {} };
    expect(() => new UnitSender({ codec: 'AV1', ...options })).toThrow(RangeError);
  });
});
