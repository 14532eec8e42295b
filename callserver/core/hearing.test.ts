import { expect, it } from 'vitest';
import { RecordedWire, rtpPacket } from '#support';
import { Transport } from './transport.ts';

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };
const LEVEL_ID = 1;
const LOUD = 30;
const SILENT = 127;

function room() {
  const wire = new RecordedWire();
  const publisher = new Transport('publisher', new RecordedWire(), 'cname', OWNER);
  const viewer = new Transport('viewer', wire, 'cname', OWNER);
  const producer = publisher.produce('microphone', {
    kind: 'audio',
    mid: '0',
    codec: { name: 'opus', parameters: {} },
    payloadType: 111,
    nack: false,
    extensions: { audioLevel: LEVEL_ID },
    encodings: [{ ssrc: 7 }],
  });
  viewer.consume(
    'ear',
    producer,
    { payloadType: 96, ssrc: 9, nack: false, extensions: { audioLevel: 5 } },
    0,
  );
  const say = (sequence: number, level?: number) => {
    const extensions = level === undefined ? {} : { [LEVEL_ID]: [level] };
    const timestamp = sequence * 960;
    publisher.receive(
      rtpPacket({ payloadType: 111, ssrc: 7, sequence, timestamp, extensions }, Buffer.alloc(40)),
      sequence * 20,
      sequence * 20_000,
    );
    viewer.tick(sequence * 20, sequence * 20_000);
  };
  return { wire, viewer, producer, say };
}

it('sound that is not passed on leaves no hole in the numbers, and time goes on', () => {
  const { wire, producer, say } = room();
  producer.hearing = (byte) => byte === LOUD;
  for (const [i, level] of [LOUD, LOUD, SILENT, SILENT, SILENT, LOUD].entries()) say(i, level);
  const [first, second, third, ...more] = wire.rtp;
  expect(more).toEqual([]);
  expect(second!.sequenceNumber).toBe((first!.sequenceNumber + 1) & 0xffff);
  expect(third!.sequenceNumber).toBe((first!.sequenceNumber + 2) & 0xffff);
  expect(third!.timestamp - first!.timestamp).toBe(5 * 960);
});

it('a packet that does not tell how loud it is goes the way of the one before', () => {
  const { wire, producer, say } = room();
  producer.hearing = (byte) => byte === LOUD;
  say(0);
  say(1, SILENT);
  say(2);
  say(3, LOUD);
  say(4);
  expect(wire.rtp).toHaveLength(3);
});

it('sound that nobody gets takes nothing of what the path bears', () => {
  const { viewer, producer, say } = room();
  producer.hearing = () => true;
  for (let i = 0; i < 100; i++) say(i, LOUD);
  producer.rank(2_000);
  viewer.tick(2_400, 2_400_000);
  const wanted = viewer.wanted;
  expect(wanted).toBeGreaterThan(10_000);
  producer.hearing = () => false;
  say(100, SILENT);
  producer.rank(2_020);
  viewer.tick(3_000, 3_000_000);
  expect(viewer.wanted).toBe(0);
});
