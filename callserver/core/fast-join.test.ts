import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type RtpPacket, Vp8Descriptor } from '#protocol';
import { RecordedWire, rtpPacket, vp8Payload } from '#support';
import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';
import type { Producer } from './producer.ts';
import { Transport } from './transport.ts';

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };
const FRAME_MS = 40;
const TICKS_PER_MS = 90;
const DRAIN_MS = 4;
const PACKET_BYTES = 1_000;

const CAMERA: ProducerParameters = {
  kind: 'video',
  mid: '0',
  codec: { name: 'VP8', parameters: {} },
  payloadType: 96,
  nack: true,
  extensions: {},
  encodings: [{ ssrc: 100 }, { ssrc: 101 }],
};
const VIEWER: ConsumerParameters = {
  payloadType: 120,
  ssrc: 5_000,
  nack: true,
  fastJoin: true,
  extensions: {},
};

let up: RecordedWire;
let down: RecordedWire;
let publisher: Transport;
let viewer: Transport;
let producer: Producer;
let nowMs: number;
let frames: number[];

const produce = (change: Partial<ProducerParameters> = {}) => {
  producer = publisher.produce('camera', { ...CAMERA, ...change });
};

const watch = (change: Partial<ConsumerParameters> = {}) =>
  viewer.consume('screen', producer, { ...VIEWER, ...change }, nowMs);

/** One frame of one packet; timestamps tell the time it was taken. */
function frame(key = false, layer = 0): void {
  const number = frames[layer]!++;
  const packet = rtpPacket(
    {
      payloadType: 96,
      ssrc: 100 + layer,
      sequence: number,
      timestamp: nowMs * TICKS_PER_MS,
      marker: true,
    },
    vp8Payload(number, key, PACKET_BYTES),
  );
  publisher.receive(packet, nowMs, nowMs * 1_000);
}

function tick(): void {
  for (const transport of [publisher, viewer]) transport.tick(nowMs, nowMs * 1_000);
}

/** Time passes, with a frame every 40 ms. */
function run(ms: number, live = true): void {
  for (const end = nowMs + ms; nowMs < end; ) {
    nowMs += DRAIN_MS;
    if (live && nowMs % FRAME_MS === 0) frame();
    if (nowMs % 20 === 0) tick();
    viewer.drain(nowMs, nowMs * 1_000);
  }
}

const plis = () => up.rtcp.filter(({ type }) => type === 'pli').length;
const pictureOf = (packet: RtpPacket) => {
  const descriptor = new Vp8Descriptor();
  descriptor.read(packet.bytes, packet.payloadOffset, packet.payloadLength);
  return descriptor;
};
const steps = (values: readonly number[]) => values.slice(1).map((v, i) => v - values[i]!);

beforeEach(() => {
  up = new RecordedWire();
  down = new RecordedWire();
  publisher = new Transport('publisher', up, 'cname', OWNER);
  viewer = new Transport('viewer', down, 'cname', OWNER);
  nowMs = 1_000;
  frames = [0, 0];
});

describe('a viewer that joins after a key frame', () => {
  it('gets it and all that followed, without a request and without a hole', () => {
    produce();
    frame(true);
    run(400);
    watch();
    run(200);
    const sent = down.rtp;
    expect(pictureOf(sent[0]!).keyFrame).toBe(true);
    expect(sent).toHaveLength(frames[0]!);
    expect(new Set(steps(sent.map((p) => p.sequenceNumber)))).toEqual(new Set([1]));
    expect(new Set(steps(sent.map((p) => pictureOf(p).pictureId)))).toEqual(new Set([1]));
    expect(plis()).toBe(0);
    expect(viewer.consumers.get('screen')?.replays).toBe(1);
  });

  it('sees the past run fast, never back, and what is live at its own time', () => {
    produce();
    frame(true);
    run(600);
    const joinedMs = nowMs;
    watch();
    run(1_000);
    const timestamps = down.rtp.map(({ timestamp }) => timestamp);
    expect(timestamps[0]).toBe(joinedMs * TICKS_PER_MS);
    expect(Math.min(...steps(timestamps))).toBeGreaterThanOrEqual(48);
    expect(steps(timestamps)[0]).toBeLessThan((FRAME_MS * TICKS_PER_MS) / 3);
    expect(timestamps.at(-1)).toBe(nowMs * TICKS_PER_MS);
  });

  it('has packets sent again at the time that they were given', () => {
    produce();
    frame(true);
    run(400);
    const consumer = watch();
    run(100);
    const [, second] = down.rtp;
    consumer.resend([second!.sequenceNumber], nowMs);
    const again = down.rtp.at(-1)!;
    expect(again.sequenceNumber).toBe(second!.sequenceNumber);
    expect(again.timestamp).toBe(second!.timestamp);
  });

  it('is not sent more at once than the path is thought to bear', () => {
    produce({ keyFrameRequests: false });
    frame(true);
    run(4_000);
    watch({ transportWide: true, extensions: { transportCc: 3 } });
    tick();
    viewer.drain(nowMs, nowMs * 1_000);
    const atOnce = down.rtp.length;
    expect(atOnce).toBeGreaterThan(0);
    expect(atOnce).toBeLessThan(12);
    run(1_500);
    expect(down.rtp.length).toBeGreaterThan(100);
    expect(viewer.path.pacer.dropped).toBe(0);
  });

  it.each([
    [1_000, 1],
    [1_040, 0],
  ])('%i ms ago begins with the cache (%i) where another can be asked for', (age, replays) => {
    produce();
    frame(true);
    run(age);
    const consumer = watch();
    expect(consumer.replays).toBe(replays);
    run(40);
    expect(plis()).toBe(1 - replays);
  });

  it.each([
    [9, 1],
    [11, 0],
  ])(
    'by %i packets begins with the cache (%i) where they take 150 ms on the way',
    (behind, replays) => {
      produce();
      // However large the key frame is: another one would be, too.
      frame(true);
      for (let i = 0; i < 40; i++) frame();
      nowMs += 100;
      for (let i = 0; i < behind; i++) frame();
      vi.spyOn(viewer.path.control, 'pacingRate').mockReturnValue(568_000);
      const consumer = watch({ transportWide: true, extensions: { transportCc: 3 } });
      expect(consumer.replays).toBe(replays);
    },
  );

  it('waits for one where it keeps what was taken when', () => {
    produce();
    frame(true);
    run(200);
    watch({ fastJoin: false });
    run(40);
    expect(down.rtp).toEqual([]);
    expect(plis()).toBe(1);
  });

  it('goes on with a newer key frame that comes before it has caught up', () => {
    produce({ keyFrameRequests: false });
    frame(true);
    run(4_000);
    watch({ transportWide: true, extensions: { transportCc: 3 } });
    run(40);
    frame(true);
    const newest = frames[0]! - 1;
    run(400);
    const sent = down.rtp;
    expect(new Set(steps(sent.map((p) => p.sequenceNumber)))).toEqual(new Set([1]));
    expect(sent.filter((p) => pictureOf(p).keyFrame)).toHaveLength(2);
    expect(sent.length).toBeLessThan(newest / 2);
  });
});

describe('a sender that answers no requests', () => {
  it('is never asked, however old its key frame is', () => {
    produce({ keyFrameRequests: false });
    frame(true);
    run(5_000);
    const consumer = watch();
    run(200);
    expect(consumer.replays).toBe(1);
    expect(down.rtp).toHaveLength(frames[0]!);
    expect(plis()).toBe(0);
  });

  it.each([
    ['as many packets as are kept', 4_031, 1],
    ['one more', 4_032, 0],
  ])('whose key frame is %s back', (_what, packets, replays) => {
    produce({ keyFrameRequests: false });
    frame(true);
    for (let i = 0; i < packets; i++) frame();
    expect(watch().replays).toBe(replays);
  });

  it('shows a viewer who lost the picture its last key frame again, but not again and again', () => {
    produce({ keyFrameRequests: false });
    frame(true);
    run(400);
    const consumer = watch();
    run(400);
    for (let i = 0; i < 20; i++) {
      consumer.requestKeyFrame(nowMs);
      run(80);
    }
    expect(consumer.replays).toBe(2);
    const numbers = down.rtp.map((p) => p.sequenceNumber);
    expect(new Set(steps(numbers))).toEqual(new Set([1]));
    expect(Math.min(...steps(down.rtp.map((p) => p.timestamp)))).toBeGreaterThanOrEqual(48);
  });
});

describe('a switch to another stream', () => {
  it.each([
    [240, 2],
    [280, 1],
  ])('whose key frame is %i ms old', (age, replays) => {
    produce();
    frame(true, 0);
    nowMs += FRAME_MS;
    tick();
    const consumer = watch();
    run(1_000);
    consumer.prefer(0, 7, nowMs);
    frame(true, 1);
    const keyAt = nowMs;
    while (nowMs < keyAt + age) {
      nowMs += FRAME_MS;
      frame();
      frame(false, 1);
      viewer.drain(nowMs, nowMs * 1_000);
    }
    tick();
    consumer.prefer(7, 7, nowMs);
    expect(consumer.replays).toBe(replays);
    viewer.drain(nowMs, nowMs * 1_000);
    expect(Math.min(...steps(down.rtp.map((p) => p.timestamp)))).toBeGreaterThanOrEqual(48);
  });
});
