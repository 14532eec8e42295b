import { beforeEach, describe, expect, it } from 'vitest';
import { RecordedWire, rtpPacket, SvcStream } from '#support';
import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';
import type { Consumer } from './consumer.ts';
import { Transport } from './transport.ts';

const OWNER = { consumerClosed() {}, silent() {}, busy() {} };
const DESCRIPTOR_ID = 7;
const PICTURE_MS = 50;

const camera = (codec: 'VP9' | 'AV1'): ProducerParameters => ({
  kind: 'video',
  mid: '0',
  codec: { name: codec, parameters: {} },
  payloadType: 96,
  nack: true,
  extensions: codec === 'AV1' ? { dependencyDescriptor: DESCRIPTOR_ID } : {},
  encodings: [{ ssrc: 100 }],
});
const VIEWER: ConsumerParameters = {
  payloadType: 120,
  ssrc: 5_000,
  nack: true,
  extensions: { dependencyDescriptor: 3 },
};

let up: RecordedWire;
let down: RecordedWire;
let publisher: Transport;
let consumer: Consumer;
let told: number[];
let nowMs: number;
let sequence: number;
let pictures: number;

function begin(codec: 'VP9' | 'AV1'): void {
  up = new RecordedWire();
  down = new RecordedWire();
  told = [];
  nowMs = 1_000;
  sequence = 0;
  pictures = 0;
  publisher = new Transport('publisher', up, 'cname', { ...OWNER, layerChanged() {} });
  const viewer = new Transport('viewer', down, 'cname', {
    ...OWNER,
    layerChanged: (_id, rank) => told.push(rank),
  });
  const producer = publisher.produce('camera', camera(codec));
  consumer = viewer.consume('screen', producer, VIEWER, nowMs);
}

/** One packet for each spatial layer of a picture; its last byte names the layer. */
function send(payloads: readonly { payload: number[]; descriptor?: number[] }[]): void {
  nowMs += PICTURE_MS;
  for (const [layer, { payload, descriptor }] of payloads.entries()) {
    const timestamp = nowMs * 90;
    const fields = { payloadType: 96, ssrc: 100, sequence: sequence++, timestamp };
    const packet = withDescriptor(
      rtpPacket(
        { ...fields, marker: layer === payloads.length - 1 },
        Buffer.from([...payload, ...Array(20 * (layer + 1)).fill(0), layer]),
      ),
      descriptor,
    );
    publisher.receive(packet, nowMs, nowMs * 1_000);
  }
  publisher.tick(nowMs, nowMs * 1_000);
}

/** A descriptor with its structure is too long for the one-byte form. */
function withDescriptor(packet: Buffer, descriptor: number[] | undefined): Buffer {
  if (descriptor === undefined) return packet;
  const element = [DESCRIPTOR_ID, descriptor.length, ...descriptor];
  while (element.length % 4 !== 0) element.push(0);
  const head = Buffer.from(packet.subarray(0, 12));
  head[0] = 0x90;
  const profile = [0x10, 0, 0, element.length / 4];
  return Buffer.concat([head, Buffer.from([...profile, ...element]), packet.subarray(12)]);
}

/** The layers that came of each picture since this was last asked; the last packet of each has to be marked. */
function received(): string[] {
  const found = new Map<number, string>();
  const marked = new Map<number, boolean>();
  for (const { bytes, timestamp, marker } of down.rtp) {
    expect(marked.get(timestamp)).not.toBe(true);
    found.set(timestamp, (found.get(timestamp) ?? '') + (bytes[bytes.length - 1] ?? 0));
    marked.set(timestamp, marker);
  }
  expect([...marked.values()].every(Boolean)).toBe(true);
  const numbers = down.rtp.map((packet) => packet.sequenceNumber);
  for (let i = 1; i < numbers.length; i++) {
    expect((numbers[i]! - numbers[i - 1]!) & 0xffff).toBe(1);
  }
  down.sent.length = 0;
  return [...found.values()];
}

const plis = () => up.rtcp.filter(({ type }) => type === 'pli').length;

describe('a stream of AV1 with three spatial layers', () => {
  let stream: SvcStream;
  const picture = (key = false) => {
    const temporal = key ? 0 : pictures % 2;
    pictures = key ? 1 : pictures + 1;
    send(
      stream.picture(temporal, key).map(({ spatialId, descriptor }) => ({
        // The aggregation header's N bit tells a new sequence.
        payload: [key && spatialId === 0 ? 0x18 : 0x10],
        descriptor,
      })),
    );
  };
  const run = (count: number) => {
    for (let i = 0; i < count; i++) picture();
  };

  beforeEach(() => begin('AV1'));

  it('is passed on whole where nothing speaks against it', () => {
    stream = new SvcStream(3, false);
    picture(true);
    run(9);
    expect(new Set(received())).toEqual(new Set(['012']));
    expect(consumer.rank).toBe(2);
    expect(told.at(-1)).toBe(2);
  });

  it('goes down at once where a layer hangs on those below it, and up with a key frame', () => {
    stream = new SvcStream(3, false);
    picture(true);
    run(9);
    received();
    consumer.prefer(1, 7, nowMs);
    run(4);
    expect(received().slice(-3)).toEqual(['01', '01', '01']);
    expect(told.at(-1)).toBe(1);
    expect(plis()).toBe(0);
    consumer.prefer(7, 7, nowMs);
    run(10);
    expect(new Set(received())).toEqual(new Set(['01']));
    expect(plis()).toBeGreaterThan(0);
    picture(true);
    run(3);
    expect(new Set(received())).toEqual(new Set(['012']));
  });

  it('comes as one layer alone in a _KEY mode, and goes down with a key frame', () => {
    stream = new SvcStream(3, true);
    picture(true);
    run(3);
    expect(received()).toEqual(['012', '2', '2', '2']);
    consumer.prefer(0, 7, nowMs);
    run(10);
    expect(new Set(received())).toEqual(new Set(['2']));
    expect(plis()).toBeGreaterThan(0);
    picture(true);
    run(3);
    expect(received()).toEqual(['0', '0', '0', '0']);
    expect(consumer.rank).toBe(0);
  });

  it('loses its upper temporal layer and gets it back without a key frame', () => {
    stream = new SvcStream(2, false);
    picture(true);
    run(9);
    received();
    consumer.prefer(7, 0, nowMs);
    run(8);
    expect(received().length).toBeLessThan(6);
    consumer.prefer(7, 7, nowMs);
    run(8);
    expect(received().length).toBeGreaterThan(6);
    expect(plis()).toBe(0);
  });

  it('comes in its lowest layer to who has not agreed on descriptors', () => {
    stream = new SvcStream(3, false);
    const wire = new RecordedWire();
    const blind = new Transport('blind', wire, 'cname', { ...OWNER, layerChanged() {} });
    blind.consume('blind', consumer.producer, { ...VIEWER, extensions: {} }, nowMs);
    picture(true);
    run(5);
    picture(true);
    const before = wire.rtp.length;
    run(6);
    expect(wire.rtp.slice(before).map(({ bytes }) => bytes[bytes.length - 1])).toEqual(
      Array(6).fill(0),
    );
  });

  it('is offered to the allocation layer by layer, each with what it takes', () => {
    stream = new SvcStream(3, false);
    picture(true);
    run(60);
    const { ladder } = consumer.producer;
    expect(ladder.map(({ rank, temporal }) => [rank, temporal])).toEqual([
      [0, 0],
      [0, 7],
      [1, 7],
      [2, 7],
    ]);
    const rates = ladder.map(({ bitsPerSecond }) => bitsPerSecond);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(consumer.producer.rankFor(320, 180)).toBe(0);
    expect(consumer.producer.rankFor(321, 181)).toBe(1);
    expect(consumer.producer.rankFor(2_000, 2_000)).toBe(2);
  });

  it('in a _KEY mode takes for each layer no more than that', () => {
    stream = new SvcStream(3, true);
    picture(true);
    run(60);
    const [, low, middle] = consumer.producer.ladder;
    expect(middle!.bitsPerSecond).toBeLessThan(2 * low!.bitsPerSecond);
  });
});

describe('a stream of VP9 without dependency descriptors', () => {
  beforeEach(() => begin('VP9'));

  /** P, L, B and E of the payload descriptor, no picture id; then layers: TID, U, SID, D. */
  const picture = (key = false, alone = false) =>
    send(
      [0, 1, 2].map((spatialId) => ({
        payload: [
          (key ? 0 : 0x40) | 0x20 | 0x08 | 0x04,
          (spatialId << 1) | (spatialId > 0 && (key || !alone) ? 1 : 0),
          0,
        ],
      })),
    );

  it('loses layers from the next picture on, and gets them back with a key frame', () => {
    for (let i = 0; i < 40; i++) picture(i % 20 === 0);
    expect(new Set(received())).toEqual(new Set(['012']));
    // From nothing to the top, and at no key frame after that down and up again.
    expect(told).toEqual([0, 2]);
    consumer.prefer(0, 7, nowMs);
    picture();
    picture();
    expect(received()).toEqual(['0', '0']);
    consumer.prefer(1, 7, nowMs);
    for (let i = 0; i < 6; i++) picture();
    expect(new Set(received())).toEqual(new Set(['0']));
    expect(plis()).toBeGreaterThan(0);
    picture(true);
    picture();
    expect(received()).toEqual(['01', '01']);
  });
});
