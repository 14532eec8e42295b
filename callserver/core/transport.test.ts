import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ElementCursor,
  ElementWriter,
  ntpOfMicros,
  RtcpWriter,
  RtpPacket,
  readU24,
  Vp8Descriptor,
  writeU16,
  writeU32,
} from '#protocol';
import { RecordedWire } from '#support';
import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';
import { Transport, type TransportOwner } from './transport.ts';

const MID_ID = 4;
const RID_ID = 10;
const REPAIRED_RID_ID = 11;

const CAMERA: ProducerParameters = {
  kind: 'video',
  mid: '1',
  codec: { name: 'VP8', parameters: {} },
  payloadType: 96,
  rtxPayloadType: 97,
  nack: true,
  extensions: { mid: MID_ID, rid: RID_ID, repairedRid: REPAIRED_RID_ID, transportCc: 3 },
  encodings: [{ rid: 'l' }, { rid: 'h' }],
};

const VIEWER: ConsumerParameters = {
  payloadType: 120,
  rtxPayloadType: 124,
  ssrc: 5_000,
  rtxSsrc: 5_001,
  nack: true,
  transportWide: true,
  extensions: { transportCc: 7, absSendTime: 2 },
};

interface Frame {
  sequence: number;
  timestamp?: number;
  key?: boolean;
  picture?: number;
  rid?: string;
  tl0?: number;
  temporal?: number;
}

const SSRC: Readonly<Record<string, number>> = { l: 100, h: 200 };

/** A VP8 frame of one packet, with MID and RID as browsers send them at first. */
function frame(options: Frame): Buffer {
  const { sequence, timestamp = 0, key = false, picture = 0, rid = 'l' } = options;
  const { tl0 = 0, temporal = 0 } = options;
  const bytes = Buffer.alloc(120);
  bytes[0] = 0x90;
  bytes[1] = 0x80 | 96;
  writeU16(bytes, 2, sequence);
  writeU32(bytes, 4, timestamp);
  writeU32(bytes, 8, SSRC[rid] ?? 0);
  const elements = new ElementWriter(bytes, 12, 3);
  bytes.write('1', elements.add(MID_ID, 1));
  bytes.write(rid, elements.add(RID_ID, 1));
  writeU16(bytes, elements.add(3, 2), sequence);
  const at = elements.finish();
  const pictureId = [0x80 | (picture >> 8), picture & 0xff];
  // X, S; I, L, T; picture id; TL0PICIDX; TID; the frame itself.
  bytes.set([0x90, 0xe0, ...pictureId, tl0, temporal << 6, key ? 0 : 1], at);
  return bytes;
}

/** Nothing but padding, as browsers send it to find out what the path bears. */
function padding(sequence: number): Buffer {
  const packet = new RtpPacket();
  const bytes = frame({ sequence });
  packet.read(bytes);
  bytes[0] = (bytes[0] ?? 0) | 0x20;
  bytes[bytes.length - 1] = packet.payloadLength;
  return bytes;
}

/** What a packet that went out says of its picture. */
const vp8Of = (packet: RtpPacket): Vp8Descriptor => {
  const descriptor = new Vp8Descriptor();
  descriptor.read(packet.bytes, packet.payloadOffset, packet.payloadLength);
  return descriptor;
};

/** The same as a retransmission (RFC 4588). */
function retransmission(original: Frame, sequence: number): Buffer {
  const packet = new RtpPacket();
  const bytes = frame(original);
  packet.read(bytes);
  const { payloadOffset } = packet;
  const rtx = Buffer.concat([
    bytes.subarray(0, payloadOffset),
    Buffer.from([original.sequence >> 8, original.sequence & 0xff]),
    bytes.subarray(payloadOffset),
  ]);
  rtx[1] = 97;
  // The RID element becomes the one that names the stream that is repaired.
  for (let i = 16; i < payloadOffset; i++) {
    if (rtx[i] === RID_ID << 4) rtx[i] = REPAIRED_RID_ID << 4;
  }
  writeU16(rtx, 2, sequence);
  writeU32(rtx, 8, (SSRC[original.rid ?? 'l'] ?? 0) + 1);
  return rtx;
}

const rtcp = (write: (writer: RtcpWriter) => void): Buffer => {
  const writer = new RtcpWriter();
  write(writer);
  return Buffer.from(writer.bytes());
};

let up: RecordedWire;
let down: RecordedWire;
let publisher: Transport;
let viewer: Transport;
let told: string[];

const owner: TransportOwner = {
  consumerClosed: (id) => told.push(`closed ${id}`),
  layerChanged: (id, rank) => told.push(`layer ${id} ${rank}`),
  silent: () => told.push('silent'),
  busy: () => {},
};

/** Packets in, at a time in milliseconds. */
const publish = (nowMs: number, ...packets: Buffer[]) => {
  for (const packet of packets) publisher.receive(packet, nowMs, nowMs * 1_000);
};

beforeEach(() => {
  told = [];
  up = new RecordedWire();
  down = new RecordedWire();
  publisher = new Transport('publisher', up, 'cname', owner);
  viewer = new Transport('viewer', down, 'cname', owner);
  const producer = publisher.produce('camera', CAMERA);
  viewer.consume('screen', producer, VIEWER, 0);
});

const nacksIn = (recorder: RecordedWire) =>
  recorder.rtcp.flatMap((packet) => (packet.type === 'nack' ? packet.lost : []));
const plisIn = (recorder: RecordedWire) =>
  recorder.rtcp.filter(({ type }) => type === 'pli').length;

describe('a packet on its way', () => {
  it('goes out in the terms of the receiver, from the first key frame on', () => {
    publish(0, frame({ sequence: 9 }), frame({ sequence: 10, key: true }), frame({ sequence: 11 }));
    const [first, second, ...more] = down.rtp;
    expect(more).toEqual([]);
    expect(first).toMatchObject({ payloadType: 120, ssrc: 5_000, marker: true });
    expect(second?.sequenceNumber).toBe(((first?.sequenceNumber ?? 0) + 1) & 0xffff);
    expect(told).toContain('layer screen 0');
  });

  it('is not known by an SSRC that claims the RID of another', () => {
    publish(0, frame({ sequence: 10, key: true }));
    const spoofed = frame({ sequence: 11 });
    writeU32(spoofed, 8, 666);
    publish(1, spoofed);
    expect(publisher.refused).toBe(1);
    expect(down.rtp).toHaveLength(1);
  });

  it('is refused when it belongs to no stream, however many there are', () => {
    for (let i = 0; i < 1_000; i++) {
      const stranger = frame({ sequence: i, rid: 'x' });
      writeU32(stranger, 8, 10_000 + i);
      publish(0, stranger);
    }
    expect(publisher.refused).toBe(1_000);
    expect(down.sent).toEqual([]);
  });

  it('is refused when it opens one stream of retransmissions after the other', () => {
    publish(0, frame({ sequence: 10, key: true }));
    for (let i = 0; i < 1_000; i++) {
      const stranger = retransmission({ sequence: 9 }, i);
      writeU32(stranger, 8, 10_000 + i);
      publish(0, stranger);
    }
    expect(publisher.refused).toBeGreaterThan(900);
  });

  it('is not passed on when it is padding alone, and leaves no hole', () => {
    publish(0, frame({ sequence: 10, key: true }), padding(11), frame({ sequence: 12 }));
    const [first, second, ...more] = down.rtp;
    expect(more).toEqual([]);
    expect(second?.sequenceNumber).toBe((first?.sequenceNumber ?? 0) + 1);
  });

  it('is left out with its whole temporal layer, without a hole in numbers or pictures', () => {
    viewer.consumers.get('screen')?.prefer(7, 0, 0);
    publish(0, frame({ sequence: 10, key: true, picture: 5, tl0: 200 }));
    publish(1, frame({ sequence: 11, picture: 6, temporal: 2, tl0: 200 }));
    publish(2, frame({ sequence: 12, picture: 7, temporal: 1, tl0: 200 }));
    publish(3, frame({ sequence: 13, picture: 8, tl0: 201 }));
    const [first, second, ...more] = down.rtp;
    expect(more).toEqual([]);
    expect(second?.sequenceNumber).toBe((first?.sequenceNumber ?? 0) + 1);
    const [a, b] = [vp8Of(first!), vp8Of(second!)];
    expect([b.pictureId - a.pictureId, b.tl0PicIdx - a.tl0PicIdx]).toEqual([1, 1]);
  });

  it('may be any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 5 }), (bytes, kind) => {
        const packet = Buffer.from(bytes);
        if (kind > 0 && packet.length > 12) {
          packet[0] = 0x80 | ((packet[0] ?? 0) & 0x3f);
          packet[1] = [96, 97, 200, 205, 206][kind - 1] ?? 0;
          if (kind < 3) writeU32(packet, 8, 100);
        }
        publisher.receive(packet, 0, 0);
        viewer.receive(packet, 0, 0);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a lost packet', () => {
  it('is asked for, and what comes back goes out under the number that was left for it', () => {
    publish(0, frame({ sequence: 10, key: true }), frame({ sequence: 12 }));
    publisher.tick(1, 1_000);
    expect(nacksIn(up)).toEqual([11]);
    publish(40, retransmission({ sequence: 11 }, 1));
    const numbers = down.rtp.map(({ sequenceNumber }) => sequenceNumber);
    const [first = 0] = numbers;
    expect(numbers).toEqual([first, first + 2, first + 1]);
  });

  it('is dropped when it comes again without having been missed', () => {
    publish(0, frame({ sequence: 10, key: true }), frame({ sequence: 11 }));
    publish(1, retransmission({ sequence: 11 }, 1), retransmission({ sequence: 5 }, 2));
    expect(down.rtp).toHaveLength(2);
    expect(publisher.producers.get('camera')?.stream(0)?.duplicates).toBe(2);
  });

  it('on a long and lossy way to the viewer is sent again twice', () => {
    publish(0, frame({ sequence: 10, key: true }), frame({ sequence: 11, picture: 1 }));
    const lost = down.rtp[1]!;
    const consumer = viewer.consumers.get('screen')!;
    down.clear();
    const ask = (ms: number) =>
      viewer.receive(
        rtcp((writer) => writer.nack(1, 5_000, [lost.sequenceNumber])),
        ms,
        ms * 1_000,
      );
    Object.assign(consumer, { rttMs: 100, fractionLost: 0.02 });
    ask(100);
    expect(down.rtp).toHaveLength(1);
    consumer.fractionLost = 0.03;
    ask(200);
    const [, second, third] = down.rtp;
    expect(third?.sequenceNumber).toBe(((second?.sequenceNumber ?? 0) + 1) & 0xffff);
    expect(down.rtp).toHaveLength(3);
  });

  it('on the way to the viewer is sent again as RTX, once a round trip', () => {
    publish(0, frame({ sequence: 10, key: true }), frame({ sequence: 11, picture: 1 }));
    const lost = down.rtp[1]!;
    down.clear();
    const nack = rtcp((writer) => writer.nack(1, 5_000, [lost.sequenceNumber]));
    for (const ms of [100, 101, 102]) viewer.receive(nack, ms, ms * 1_000);
    const [again, ...more] = down.rtp;
    expect(more).toEqual([]);
    expect(again).toMatchObject({ payloadType: 124, ssrc: 5_001 });
    const payload = again!.bytes.subarray(again!.payloadOffset);
    expect((payload[0]! << 8) | payload[1]!).toBe(lost.sequenceNumber);
    expect([...payload.subarray(2)]).toEqual([...lost.bytes.subarray(lost.payloadOffset)]);
  });
});

describe('transport-wide numbers', () => {
  const numbersOf = (ssrc: number) =>
    down.rtp
      .filter((packet) => packet.ssrc === ssrc)
      .map((packet) => (packet.bytes[17]! << 8) | packet.bytes[18]!);

  it('count what the receiver tells of, and nothing else', () => {
    const producer = publisher.producers.get('camera')!;
    const { transportWide: _, ...untold } = VIEWER;
    viewer.consume('beside', producer, { ...untold, ssrc: 6_000, rtxSsrc: 6_001 }, 0);
    publish(0, frame({ sequence: 10, key: true }), frame({ sequence: 11 }));
    expect(numbersOf(5_000)).toEqual([0, 1]);
    expect(numbersOf(6_000)).toHaveLength(2);
  });
});

describe('key-frame requests', () => {
  it('of a flood of viewers become one', () => {
    publish(0, frame({ sequence: 10, key: true }));
    const pli = rtcp((writer) => writer.pli(1, 5_000));
    for (let i = 0; i < 500; i++) viewer.receive(pli, 10, 10_000);
    for (let ms = 10; ms < 200; ms += 20) publisher.tick(ms, ms * 1_000);
    expect(plisIn(up)).toBe(1);
  });
});

describe('a switch between simulcast streams', () => {
  const senderReport = (rid: string, seconds: number, rtpTimestamp: number) =>
    rtcp((writer) =>
      writer.senderReport({
        ssrc: SSRC[rid]!,
        ntp: ntpOfMicros(seconds * 1e6),
        rtpTimestamp,
        packetCount: 1,
        octetCount: 1,
      }),
    );

  it('goes on in sequence, picture id and time, by the sender reports of both', () => {
    viewer.consumers.get('screen')?.prefer(0, 7, 0);
    publish(0, frame({ sequence: 10, timestamp: 90_000, key: true, picture: 70 }));
    publish(1, frame({ sequence: 900, timestamp: 500_000, key: true, picture: 9, rid: 'h' }));
    // At one second of the sender's clock the streams stand at 90,000 and 500,000.
    publish(2, senderReport('l', 1, 90_000), senderReport('h', 1, 500_000));
    viewer.consumers.get('screen')?.prefer(1, 7, 100);
    publisher.tick(100, 100_000);
    expect(plisIn(up)).toBe(1);
    publish(200, frame({ sequence: 11, timestamp: 108_000, picture: 71 }));
    publish(
      240,
      frame({ sequence: 901, timestamp: 521_600, key: true, picture: 10, rid: 'h' }),
      frame({ sequence: 12, timestamp: 111_600, picture: 72 }),
    );
    const out = down.rtp.map((packet) => ({ ...packet, ...vp8Of(packet) }));
    const first = out[0]!;
    expect(out.map((p) => p.sequenceNumber - first.sequenceNumber)).toEqual([0, 1, 2]);
    expect(out.map((p) => p.timestamp - first.timestamp)).toEqual([0, 18_000, 21_600]);
    expect(out.map((p) => p.pictureId - first.pictureId)).toEqual([0, 1, 2]);
    expect(out.map((p) => p.tl0PicIdx - first.tl0PicIdx)).toEqual([0, 0, 1]);
    expect(told.at(-1)).toBe('layer screen 1');
  });

  it.each([true, false])('where the path is full (%s) throws out what still waits', (full) => {
    publish(0, frame({ sequence: 1, key: true }));
    viewer.consumers.get('screen')?.prefer(1, 7, 0);
    const { pacer } = viewer.path;
    pacer.rate = 8_000;
    for (let i = 2; i < 40; i++) publish(1, frame({ sequence: i, picture: i }));
    pacer.strict = full;
    const waiting = pacer.waitingBytes;
    expect(waiting).toBeGreaterThan(1_000);
    publish(2, frame({ sequence: 900, key: true, rid: 'h' }));
    expect(pacer.waitingBytes < waiting / 2).toBe(full);
  });

  it('falls back to the lower stream when the wanted one stops', () => {
    publish(0, frame({ sequence: 1, key: true, rid: 'h' }));
    expect(down.rtp).toHaveLength(1);
    for (let ms = 100; ms <= 3_000; ms += 100) {
      publish(ms, frame({ sequence: ms / 100, key: ms > 2_000, timestamp: ms * 90 }));
      publisher.tick(ms, ms * 1_000);
    }
    expect(down.rtp.length).toBeGreaterThan(5);
  });
});

describe('reports', () => {
  it('tell the publisher what arrived and the viewer what time it is', () => {
    publish(0, frame({ sequence: 10, timestamp: 1_000, key: true }), frame({ sequence: 12 }));
    publisher.tick(1_000, 1_000_000);
    viewer.tick(1_000, 1_000_000);
    const toPublisher = up.rtcp.find(({ type }) => type === 'receiver-report');
    expect(toPublisher).toMatchObject({ reports: [{ ssrc: 100, cumulativeLost: 1 }] });
    expect(up.rtcp.some(({ type }) => type === 'transport-feedback')).toBe(true);
    const toViewer = down.rtcp.find(({ type }) => type === 'sender-report');
    // Second 1 on a clock of 90 kHz that stood at 1,000 at second 0.
    expect(toViewer).toMatchObject({ ssrc: 5_000, rtpTimestamp: 91_000, packetCount: 2 });
  });

  it('of loss have the receiver wait for repairs, and no longer when it is over', () => {
    const producer = publisher.producers.get('camera')!;
    const extensions = { ...VIEWER.extensions, playoutDelay: 9 };
    viewer.consume('patient', producer, { ...VIEWER, ssrc: 7_000, rtxSsrc: 7_001, extensions }, 0);
    const consumer = viewer.consumers.get('patient')!;
    /** Minimum and maximum, in 10 ms. */
    const delayOf = (packet: RtpPacket): [number, number] => {
      const elements = new ElementCursor().begin(packet);
      while (elements.next()) {
        if (elements.id !== 9) continue;
        const value = readU24(packet.bytes, elements.offset);
        return [value >> 12, value & 0xfff];
      }
      return [-1, -1];
    };
    const block = { cumulativeLost: 0, highestSequence: 0, jitter: 0 };
    const report = { ...block, ssrc: 7_000, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const last = () => delayOf(down.rtp.filter(({ ssrc }) => ssrc === 7_000).at(-1)!);
    publish(0, frame({ sequence: 10, key: true }));
    expect(last()).toEqual([0, 1_000]);
    consumer.rttMs = 100;
    consumer.onReport({ ...report, fractionLost: 13 }, 1_000, 1_000_000);
    viewer.tick(1_000, 1_000_000);
    publish(1_001, frame({ sequence: 11 }));
    expect(last()).toEqual([16, 1_000]);
    viewer.tick(21_500, 21_500_000);
    publish(21_501, frame({ sequence: 12 }));
    expect(last()).toEqual([0, 1_000]);
  });

  it('of a viewer give the round-trip time', () => {
    publish(0, frame({ sequence: 10, key: true }));
    viewer.tick(1_000, 1_000_000);
    const report = {
      ssrc: 5_000,
      fractionLost: 128,
      cumulativeLost: 0,
      highestSequence: 0,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 32_768,
    };
    const sr = down.rtcp.find((packet) => packet.type === 'sender-report');
    const { seconds, fraction } = sr?.type === 'sender-report' ? sr.ntp : ntpOfMicros(0);
    report.lastSenderReport = (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
    viewer.receive(
      rtcp((writer) => writer.receiverReport(1, [report])),
      1_580,
      1_580_000,
    );
    const consumer = viewer.consumers.get('screen');
    expect(consumer?.rttMs).toBeCloseTo(80, 0);
    expect(consumer?.fractionLost).toBe(0.5);
  });
});

describe('an end', () => {
  it('of the producer ends its consumers', () => {
    publisher.close();
    expect(told).toEqual(['closed screen']);
    expect(viewer.consumers.size).toBe(0);
  });

  it('of a peer shows as silence', () => {
    publish(0, frame({ sequence: 1 }));
    for (let ms = 0; ms <= 7_000; ms += 100) publisher.tick(ms, ms * 1_000);
    expect(told).toEqual(['silent']);
  });
});
