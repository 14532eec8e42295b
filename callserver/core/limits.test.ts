import { beforeEach, describe, expect, it } from 'vitest';
import { parseRtcp } from '#protocol';
import { RecordedWire, rtpPacket, vp8Payload } from '#support';
import { TransportFeedbackGenerator } from '../packet/transport-feedback.ts';
import {
  EncodingParameters,
  type ProducerParameters,
  ProducerParameters as ProducerSchema,
} from '../parameters.ts';
import { Transport } from './transport.ts';

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };
const REPAIRED_RID_ID = 3;

const CAMERA: ProducerParameters = {
  kind: 'video',
  mid: '0',
  codec: { name: 'VP8', parameters: {} },
  payloadType: 96,
  rtxPayloadType: 97,
  nack: true,
  extensions: { repairedRid: REPAIRED_RID_ID },
  encodings: [{ rid: 'l', ssrc: 100 }],
};

let up: RecordedWire;
let down: RecordedWire;
let publisher: Transport;
let viewer: Transport;

beforeEach(() => {
  up = new RecordedWire();
  down = new RecordedWire();
  publisher = new Transport('publisher', up, 'cname', OWNER);
  viewer = new Transport('viewer', down, 'cname', OWNER);
  const producer = publisher.produce('camera', CAMERA);
  const parameters = { payloadType: 120, ssrc: 5_000, nack: true, extensions: {} };
  viewer.consume('screen', producer, parameters, 0);
});

const packet = (sequence: number, size = 100, key = false) =>
  rtpPacket({ payloadType: 96, ssrc: 100, sequence }, vp8Payload(sequence, key, size));

/** Fills the cache of the publisher with this many packets. */
function publish(count: number): void {
  for (let i = 0; i < count; i++) publisher.receive(packet(i, 100, i === 0), i, i * 1_000);
}

describe('bounds', () => {
  it('of SSRCs that a transport learns: 64', () => {
    for (let i = 0; i < 65; i++) {
      const fields = { payloadType: 97, ssrc: 1_000 + i, sequence: i };
      const extensions = { [REPAIRED_RID_ID]: [...Buffer.from('l')] };
      publisher.receive(rtpPacket({ ...fields, extensions }, Buffer.alloc(20)), 0, 0);
      expect(publisher.refused).toBe(i < 64 ? 0 : 1);
    }
  });

  it('of packets that one receiver gets again: 1,000 a second', () => {
    publish(1_024);
    const numbers = down.rtp.map(({ sequenceNumber }) => sequenceNumber).slice(-1_000);
    const consumer = viewer.consumers.get('screen')!;
    consumer.resend(numbers, 2_000);
    expect(consumer.resent).toBe(1_000);
    consumer.resend(numbers.slice(0, 1), 2_500);
    expect(consumer.resent).toBe(1_000);
    viewer.tick(3_000, 3_000_000);
    consumer.resend(numbers.slice(0, 1), 3_000);
    expect(consumer.resent).toBe(1_001);
  });

  it('of what a receiver may ask for again: the last 1,000 packets', () => {
    publish(1_024);
    const numbers = down.rtp.map(({ sequenceNumber }) => sequenceNumber).reverse();
    const consumer = viewer.consumers.get('screen')!;
    consumer.resend([numbers[1_001]!], 2_000);
    expect(consumer.resent).toBe(0);
    consumer.resend([numbers[1_000]!], 2_000);
    expect(consumer.resent).toBe(1);
  });

  it('of a packet: 1,500 bytes with what is written into it', () => {
    const header = 12 + 24;
    publisher.receive(packet(0, 1_500 - header, true), 0, 0);
    expect(down.rtp).toHaveLength(1);
    publisher.receive(packet(1, 1_500 - header + 1), 1, 1_000);
    expect(down.rtp).toHaveLength(1);
    expect(publisher.producers.get('camera')?.stream(0)?.malformed).toBe(1);
  });

  it('of a gap that is asked for: 600 packets, beyond that for a key frame', () => {
    for (const [gap, plis] of [
      [600, 0],
      [601, 1],
    ] as const) {
      const wire = new RecordedWire();
      const transport = new Transport('p', wire, 'cname', OWNER);
      transport.produce('camera', CAMERA);
      transport.receive(packet(0, 100, true), 0, 0);
      transport.receive(packet(1 + gap), 1, 1_000);
      transport.tick(20, 20_000);
      expect(wire.rtcp.filter(({ type }) => type === 'pli')).toHaveLength(plis);
      expect(wire.rtcp.some(({ type }) => type === 'nack')).toBe(plis === 0);
    }
  });

  it('of arrivals that are reported together: a span of 4,000', () => {
    for (const [span, reported] of [
      [4_000, 4_001],
      [4_001, 1],
    ] as const) {
      const feedback = new TransportFeedbackGenerator();
      feedback.received(0, 0);
      feedback.received(span, 10);
      const packets = parseRtcp(feedback.due(200, 1, 2)[0]!);
      expect(packets).toMatchObject([{ packetCount: reported }]);
    }
  });

  it('of simulcast streams: 8', () => {
    const streams = (count: number) => ({
      ...CAMERA,
      encodings: Array.from({ length: count }, (_, i) => EncodingParameters.parse({ ssrc: i })),
    });
    expect(ProducerSchema.safeParse(streams(8)).success).toBe(true);
    expect(ProducerSchema.safeParse(streams(9)).success).toBe(false);
  });
});
