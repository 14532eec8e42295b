import { beforeEach, describe, expect, it } from 'vitest';
import { isRtcp, parseRtcp, RtpPacket, Vp8Descriptor } from '#protocol';
import { RecordedWire, rtpPacket, vp8Payload } from '#support';
import { pipeParameters } from '../negotiation/pipe.ts';
import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';
import type { Producer } from './producer.ts';
import { Transport, type Wire } from './transport.ts';

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };
const FRAME_MS = 40;
const TICK_MS = 20;
const DRAIN_MS = 4;
/** Three streams; rank is size, as the first frame of each says. */
const SSRCS = [100, 101, 102] as const;
const PACKET_BYTES = [200, 500, 1_000] as const;

const CAMERA: ProducerParameters = {
  kind: 'video',
  mid: '0',
  codec: { name: 'VP8', parameters: {} },
  payloadType: 96,
  nack: true,
  extensions: {},
  encodings: SSRCS.map((ssrc) => ({ ssrc })),
};
const VIEWER: ConsumerParameters = { payloadType: 120, ssrc: 5_000, nack: true, extensions: {} };

/** Leads to another transport; what `loses` says does not arrive. */
class Link implements Wire {
  readonly open = true;
  readonly rtp = new Map<number, number>();
  readonly rtcp: ReturnType<typeof parseRtcp> = [];
  loses: (packet: RtpPacket) => boolean = () => false;
  to: ((packet: Buffer) => void) | undefined;

  send(bytes: Uint8Array): boolean {
    const packet = new RtpPacket();
    if (isRtcp(bytes)) this.rtcp.push(...parseRtcp(Buffer.from(bytes)));
    else if (packet.read(Buffer.from(bytes))) {
      this.rtp.set(packet.ssrc, (this.rtp.get(packet.ssrc) ?? 0) + 1);
      if (this.loses(packet)) return true;
    }
    this.to?.(Buffer.from(bytes));
    return true;
  }
  close(): void {}
  /** Packets of each stream since it was last asked, by their order. */
  taken(): number[] {
    const all = this.ssrcs.map((ssrc) => this.rtp.get(ssrc) ?? 0);
    this.rtp.clear();
    return all;
  }
  ssrcs: number[] = [];
}

let nowMs: number;
let publisher: Transport;
let near: Transport;
let far: Transport;
let link: Link;
let piped: Producer;
let wires: RecordedWire[];
let viewers: Transport[];
let frames: number[];
let keyAsked: (layer: number) => boolean;

beforeEach(() => {
  nowMs = 1_000;
  frames = SSRCS.map(() => 0);
  const up = new RecordedWire();
  publisher = new Transport('publisher', up, 'a', OWNER);
  const camera = publisher.produce('camera', CAMERA);
  link = new Link();
  const back = new Link();
  near = new Transport('near', link, 'b', OWNER, { pipe: true });
  far = new Transport('far', back, 'c', OWNER, { pipe: true });
  link.to = (packet) => far.receive(packet, nowMs, nowMs * 1_000);
  back.to = (packet) => near.receive(packet, nowMs, nowMs * 1_000);
  let ssrc = 7_000;
  const parameters = pipeParameters(CAMERA, () => ssrc++);
  piped = far.produce('camera', parameters.producer);
  for (const [layer, one] of parameters.consumers.entries()) {
    near.consume(`c${layer}`, camera, one, nowMs);
  }
  link.ssrcs = parameters.consumers.map((one) => one.ssrc);
  wires = [new RecordedWire(), new RecordedWire()];
  viewers = wires.map((wire, i) => new Transport(`viewer${i}`, wire, 'd', OWNER));
  keyAsked = (layer) => {
    const asked = up.rtcp.some(({ type, ...rest }) =>
      type === 'pli' && 'mediaSsrc' in rest ? rest.mediaSsrc === SSRCS[layer] : false,
    );
    if (asked) up.sent.length = 0;
    return asked;
  };
});

/** All streams go on for so long; each answers a wish for a key frame with its next frame. */
function run(ms: number, key = false): void {
  const untilMs = nowMs + ms;
  for (let first = key; nowMs < untilMs; nowMs += DRAIN_MS) {
    if (nowMs % FRAME_MS === 0) {
      for (const layer of SSRCS.keys()) frame(layer, first || keyAsked(layer));
      first = false;
    }
    const all = [publisher, near, far, ...viewers];
    if (nowMs % TICK_MS === 0) for (const one of all) one.tick(nowMs, nowMs * 1_000);
    for (const one of all) one.drain(nowMs, nowMs * 1_000);
  }
}

function frame(layer: number, key: boolean): void {
  const number = frames[layer]!++;
  const timestamp = nowMs * 90;
  const payload = vp8Payload(number, key, PACKET_BYTES[layer]!);
  if (key) payload.set([0x9d, 0x01, 0x2a, 0, layer + 1, 0, layer + 1], 7);
  const packet = rtpPacket(
    { payloadType: 96, ssrc: SSRCS[layer]!, sequence: number, timestamp, marker: true },
    payload,
  );
  publisher.receive(packet, nowMs, nowMs * 1_000);
}

const watch = (i = 0) => viewers[i]!.consume(`v${i}`, piped, { ...VIEWER, ssrc: 5_000 + i }, nowMs);

const pictures = (wire: RecordedWire) =>
  wire.rtp.map((packet) => {
    const descriptor = new Vp8Descriptor();
    descriptor.read(packet.bytes, packet.payloadOffset, packet.payloadLength);
    return descriptor.pictureId;
  });

describe('a pipe', () => {
  it('carries nothing that nobody wants', () => {
    run(2_000, true);
    expect(link.taken()).toEqual([0, 0, 0]);
  });

  it('carries the streams that somebody wants, each once, however many want it', () => {
    run(1_000, true);
    const [one, two] = [watch(0), watch(1)];
    run(1_000);
    link.taken();
    run(1_000);
    expect(link.taken()).toEqual([0, 0, 25]);
    expect(wires[1]!.rtp.length).toBeGreaterThan(40);
    one.prefer(0, 7, nowMs);
    run(500);
    link.taken();
    run(1_000);
    expect(link.taken()).toEqual([25, 0, 25]);
    two.prefer(1, 7, nowMs);
    run(500);
    link.taken();
    run(1_000);
    expect(link.taken()).toEqual([25, 25, 0]);
    viewers[0]!.closeConsumer(one);
    viewers[1]!.closeConsumer(two);
    run(300);
    link.taken();
    run(1_000);
    expect(link.taken()).toEqual([0, 0, 0]);
  });

  it('begins within a fifth of a second, with a key frame, and leaves no hole', () => {
    run(1_000, true);
    watch();
    run(200);
    const packets = wires[0]!.rtp;
    expect(packets.length).toBeGreaterThan(0);
    run(1_000);
    const numbers = wires[0]!.rtp.map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0]! + i) & 0xffff));
    const ids = pictures(wires[0]!);
    expect(ids).toEqual(ids.map((_, i) => ids[0]! + i));
  });

  it('mends what the way between the two ends loses', () => {
    run(1_000, true);
    watch();
    let count = 0;
    // Each tenth, and not what is sent again.
    const lost = new Set<number>();
    link.loses = ({ sequenceNumber }) => {
      if (lost.has(sequenceNumber) || ++count % 10 !== 0) return false;
      lost.add(sequenceNumber);
      return true;
    };
    run(4_000);
    expect(lost.size).toBeGreaterThan(5);
    const numbers = new Set(wires[0]!.rtp.map(({ sequenceNumber }) => sequenceNumber));
    const sorted = [...numbers].sort((a, b) => a - b);
    expect(sorted.at(-1)! - sorted[0]! + 1).toBe(numbers.size);
  });

  it('knows of streams that do not come how they are', () => {
    run(4_000, true);
    const [low, , high] = [0, 1, 2].map((layer) => piped.stream(layer)!);
    expect(low?.isLive(nowMs)).toBe(true);
    expect(high?.width).toBe(768);
    piped.rank(nowMs);
    const rates = piped.ladder.map(({ bitsPerSecond }) => Math.round(bitsPerSecond / 1_000));
    expect(rates).toHaveLength(3);
    expect(rates[2]).toBeGreaterThan(180);
    expect(rates[2]).toBeLessThan(230);
  });
});
