import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Vp8Descriptor } from '#protocol';
import { RecordedWire, rtpPacket, vp8Payload } from '#support';
import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';
import { Transport } from './transport.ts';

const FRAME_MS = 40;
const DRAIN_MS = 4;
const TICKS_PER_MS = 90;
const closed = vi.fn();
const OWNER = { consumerClosed: closed, layerChanged() {}, silent() {}, busy() {} };
const VIEWER: ConsumerParameters = {
  payloadType: 120,
  ssrc: 5_000,
  nack: true,
  fastJoin: true,
  lasting: true,
  extensions: {},
};
const cameraOf = (ssrc: number): ProducerParameters => ({
  kind: 'video',
  mid: '0',
  codec: { name: 'VP8', parameters: {} },
  payloadType: 96,
  nack: true,
  extensions: {},
  encodings: [{ ssrc }],
});

/** Cameras whose numbers and clocks have nothing to do with each other. */
const CAMERAS = [
  { ssrc: 100, sequence: 7_000, ticks: 123_456 },
  { ssrc: 200, sequence: 65_500, ticks: 0xffff_0000 },
] as const;

let wires: RecordedWire[];
let publishers: Transport[];
let down: RecordedWire;
let viewer: Transport;
let nowMs: number;
let sent: number[];

function frame(camera: 0 | 1, key = false): void {
  const { ssrc, sequence, ticks } = CAMERAS[camera];
  const number = sent[camera]!++;
  const packet = rtpPacket(
    {
      payloadType: 96,
      ssrc,
      sequence: (sequence + number) & 0xffff,
      timestamp: (ticks + nowMs * TICKS_PER_MS) >>> 0,
      marker: true,
    },
    vp8Payload(number, key, 500),
  );
  publishers[camera]!.receive(packet, nowMs, nowMs * 1_000);
}

function run(ms: number, cameras: readonly (0 | 1)[]): void {
  for (const end = nowMs + ms; nowMs < end; ) {
    nowMs += DRAIN_MS;
    if (nowMs % FRAME_MS === 0) for (const camera of cameras) frame(camera);
    if (nowMs % 20 === 0) {
      for (const one of [...publishers, viewer]) one.tick(nowMs, nowMs * 1_000);
    }
    viewer.drain(nowMs, nowMs * 1_000);
  }
}

const pictureOf = (packet: RecordedWire['rtp'][number]) => {
  const descriptor = new Vp8Descriptor();
  descriptor.read(packet.bytes, packet.payloadOffset, packet.payloadLength);
  return descriptor;
};
const steps = (values: readonly number[]) => values.slice(1).map((v, i) => v - values[i]!);

beforeEach(() => {
  closed.mockClear();
  nowMs = 1_000;
  sent = [0, 0];
  wires = CAMERAS.map(() => new RecordedWire());
  publishers = wires.map((wire, i) => new Transport(`publisher-${i}`, wire, 'cname', OWNER));
  for (const [i, { ssrc }] of CAMERAS.entries()) {
    publishers[i]!.produce(`camera-${i}`, cameraOf(ssrc));
  }
  down = new RecordedWire();
  viewer = new Transport('viewer', down, 'cname', OWNER);
});

const camera = (i: 0 | 1) => publishers[i]!.producers.get(`camera-${i}`)!;

describe('a consumer that goes over to another producer', () => {
  it.each([
    ['with its last key frame, where that is young', true],
    ['with the key frame that it has asked for, else', false],
  ])('goes on %s, in one stream without a hole', (_how, young) => {
    frame(0, true);
    if (!young) frame(1, true);
    run(1_200, [0, 1]);
    const screen = viewer.consume('screen', camera(0), VIEWER, nowMs);
    frame(0, true);
    if (young) frame(1, true);
    run(400, [0, 1]);
    const before = down.rtp.length;
    expect(before).toBeGreaterThan(5);
    screen.follow(camera(1), nowMs);
    run(200, [0, 1]);
    const asked = wires[1]!.rtcp.some(({ type }) => type === 'pli');
    expect(asked).toBe(!young);
    if (!young) {
      expect(down.rtp).toHaveLength(before);
      frame(1, true);
      run(200, [0, 1]);
    }
    const packets = down.rtp;
    expect(packets.length).toBeGreaterThan(before + 4);
    expect(pictureOf(packets[before]!).keyFrame).toBe(true);
    expect(new Set(packets.map(({ ssrc }) => ssrc))).toEqual(new Set([VIEWER.ssrc]));
    expect(new Set(steps(packets.map((p) => p.sequenceNumber)))).toEqual(new Set([1]));
    expect(new Set(steps(packets.map((p) => pictureOf(p).pictureId)))).toEqual(new Set([1]));
    const times = steps(packets.map(({ timestamp }) => timestamp));
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(Math.max(...times)).toBeLessThan(500 * TICKS_PER_MS);
    // What the first camera goes on to send is nobody's any more.
    run(200, [0]);
    expect(down.rtp).toHaveLength(packets.length);
  });

  it('outlives the producer that it had, where it is to last, and ends with it else', () => {
    frame(0, true);
    frame(1, true);
    const [screen, other] = [VIEWER, { ...VIEWER, ssrc: 5_001, lasting: false }].map((one, i) =>
      viewer.consume(`screen-${i}`, camera(0), one, nowMs),
    );
    run(200, [0, 1]);
    publishers[0]!.close();
    expect(closed.mock.calls).toEqual([[other!.id]]);
    const before = down.rtp.length;
    run(200, [1]);
    expect(down.rtp).toHaveLength(before);
    screen!.follow(camera(1), nowMs);
    run(200, [1]);
    expect(down.rtp.length).toBeGreaterThan(before + 4);
    expect(new Set(down.rtp.slice(before).map(({ ssrc }) => ssrc))).toEqual(new Set([VIEWER.ssrc]));
  });
});
