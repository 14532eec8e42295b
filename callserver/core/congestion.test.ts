import { describe, expect, it, vi } from 'vitest';
import { Unwrapper } from '#base';
import {
  ElementCursor,
  isRtcp,
  parseRtcp,
  RtcpWriter,
  RtpPacket,
  readU16,
  writeU16,
  writeU32,
} from '#protocol';
import { Agenda, numbers, SimulatedLink, type SimulatedLinkOptions } from '#support';
import { NackGenerator } from '../packet/nack-generator.ts';
import { TransportFeedbackGenerator } from '../packet/transport-feedback.ts';
import type { Producer } from './producer.ts';
import { Transport, type Wire } from './transport.ts';

/** Minutes of packets take a busy machine a while. */
vi.setConfig({ testTimeout: 60_000 });

const FRAME_MS = 1_000 / 30;
const PAYLOAD = 1_100;
const KEY_FRAME_FACTOR = 5;
const TRANSPORT_CC_ID = 7;
const TICK_MS = 20;
const VIEWER_TICK_MS = 100;
const DRAIN_MS = 4;
/** Of the temporal layers, frame by frame. */
const PATTERN = [0, 2, 1, 2];

const OWNER = { consumerClosed() {}, layerChanged() {}, silent() {}, busy() {} };

interface CameraOptions {
  /** Of each simulcast stream, from low to high. */
  bitsPerSecond: readonly number[];
  temporalLayers?: boolean;
}

/** A publisher whose frames come as bursts, with key frames when they are asked for. */
class Camera {
  readonly transport: Transport;
  readonly producer: Producer;
  readonly #agenda: Agenda;
  readonly #options: CameraOptions;
  readonly #sequences: number[];
  readonly #wantsKey: boolean[];
  readonly #random = numbers(7);
  #frame = 0;
  keyFrames = 0;

  constructor(agenda: Agenda, id: number, options: CameraOptions) {
    this.#agenda = agenda;
    this.#options = options;
    this.#sequences = options.bitsPerSecond.map(() => 0);
    this.#wantsKey = options.bitsPerSecond.map(() => true);
    const wire: Wire = { open: true, send: (packet) => this.#onRtcp(packet), close() {} };
    this.transport = new Transport(`camera-${id}`, wire, 'cname', OWNER);
    this.producer = this.transport.produce(`producer-${id}`, {
      kind: 'video',
      mid: '0',
      codec: { name: 'VP8', parameters: {} },
      payloadType: 96,
      nack: true,
      extensions: {},
      encodings: options.bitsPerSecond.map((_, layer) => ({ ssrc: 100 + layer })),
    });
    agenda.every(FRAME_MS, () => this.#capture());
    agenda.every(TICK_MS, () => this.transport.tick(agenda.nowMs, agenda.nowMs * 1_000));
  }

  #onRtcp(bytes: Uint8Array): boolean {
    for (const packet of parseRtcp(bytes)) {
      if (packet.type === 'pli') this.#wantsKey[packet.mediaSsrc - 100] = true;
    }
    return true;
  }

  #capture(): void {
    const frame = this.#frame++;
    for (const [layer, rate] of this.#options.bitsPerSecond.entries()) {
      const key = this.#wantsKey[layer] === true;
      this.#wantsKey[layer] = false;
      if (key) this.keyFrames++;
      // Frames differ by up to a third, as pictures do.
      const share = (key ? KEY_FRAME_FACTOR : 1) * (0.67 + 0.66 * this.#random());
      this.#send(layer, frame, key, Math.round(((rate / 8) * FRAME_MS * share) / 1_000));
    }
  }

  #send(layer: number, frame: number, key: boolean, size: number): void {
    const { nowMs } = this.#agenda;
    const count = Math.ceil(size / PAYLOAD);
    const temporal = this.#options.temporalLayers ? (PATTERN[frame % 4] ?? 0) : 0;
    for (let i = 0; i < count; i++) {
      const payload = Math.max(20, Math.ceil(size / count));
      const packet = Buffer.alloc(12 + payload);
      packet[0] = 0x80;
      packet[1] = 96 | (i === count - 1 ? 0x80 : 0);
      const sequence = (this.#sequences[layer] ?? 0) & 0xffff;
      this.#sequences[layer] = sequence + 1;
      writeU16(packet, 2, sequence);
      writeU32(packet, 4, Math.round(nowMs * 90));
      writeU32(packet, 8, 100 + layer);
      const sync = temporal > 0 && frame % 4 < 3 ? 0x20 : 0;
      const tl0 = (frame >> 2) & 0xff;
      packet.set([i === 0 ? 0x90 : 0x80, 0xe0, 0x80 | ((frame >> 8) & 0x7f), frame & 0xff], 12);
      packet.set([tl0, (temporal << 6) | sync, key && i === 0 ? 0 : 1], 16);
      if (key && i === 0) {
        packet.set([0x9d, 0x01, 0x2a, 0, layer + 1, 0, layer + 1], 21);
      }
      this.transport.receive(packet, nowMs, nowMs * 1_000);
    }
  }
}

/** A receiver at the end of a link, with the feedback that browsers give. */
class Viewer {
  readonly transport: Transport;
  readonly down: SimulatedLink;
  readonly #agenda: Agenda;
  readonly #feedback = new TransportFeedbackGenerator();
  readonly #cursor = new ElementCursor();
  readonly #streams = new Map<number, { unwrapper: Unwrapper; nack: NackGenerator }>();
  readonly #writer = new RtcpWriter();
  readonly #upDelayMs: number;
  readonly #upLoss: number;
  readonly #random = numbers(99);
  #busy = false;
  /** Rank by consumer, with the time since when. */
  readonly ranks = new Map<string, { rank: number; sinceMs: number }>();

  /** `beside`: whose bottleneck this one shares. */
  constructor(
    agenda: Agenda,
    cameras: readonly Camera[],
    link: SimulatedLinkOptions,
    rtx = true,
    beside?: Viewer,
  ) {
    this.#agenda = agenda;
    this.#upDelayMs = link.delayMs;
    this.#upLoss = link.loss;
    this.down = beside?.down ?? new SimulatedLink(agenda, link);
    const wire: Wire = {
      open: true,
      send: (packet) => {
        this.down.send(packet, (arrived) => this.#arrive(arrived));
        return true;
      },
      close() {},
    };
    this.transport = new Transport('viewer', wire, 'cname', {
      ...OWNER,
      layerChanged: (id, rank) => this.ranks.set(id, { rank, sinceMs: agenda.nowMs }),
      busy: () => this.#drainSoon(),
    });
    for (const [i, { producer }] of cameras.entries()) {
      this.transport.consume(
        `screen-${i}`,
        producer,
        {
          payloadType: 120,
          ssrc: 1_000 + i,
          ...(rtx ? { rtxPayloadType: 121, rtxSsrc: 2_000 + i } : {}),
          nack: true,
          transportWide: true,
          extensions: { transportCc: TRANSPORT_CC_ID, absSendTime: 2 },
        },
        agenda.nowMs,
      );
    }
    agenda.every(VIEWER_TICK_MS, () => this.transport.tick(agenda.nowMs, agenda.nowMs * 1_000));
    agenda.every(TICK_MS, () => this.#report());
  }

  get estimate(): number {
    return this.transport.path.control.estimate(this.#agenda.nowMs) ?? Number.NaN;
  }

  /** Times that a number was missing when a later one came. */
  holes = 0;

  rank(consumer = 0): number {
    return this.ranks.get(`screen-${consumer}`)?.rank ?? -1;
  }

  #drainSoon(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#agenda.at(this.#agenda.nowMs + DRAIN_MS, () => {
      this.#busy = false;
      if (this.transport.drain(this.#agenda.nowMs, this.#agenda.nowMs * 1_000)) this.#drainSoon();
    });
  }

  #arrive(bytes: Buffer): void {
    if (isRtcp(bytes)) return;
    const packet = new RtpPacket();
    if (!packet.read(bytes)) throw new Error('no RTP packet');
    const { nowMs } = this.#agenda;
    const elements = this.#cursor.begin(packet);
    while (elements.next()) {
      if (elements.id === TRANSPORT_CC_ID) {
        this.#feedback.received(readU16(bytes, elements.offset), nowMs);
      }
    }
    const rtx = packet.payloadType === 121;
    // Bare padding has no number of its own.
    if (rtx && packet.payloadLength < 2) return;
    const sequence = rtx ? readU16(bytes, packet.payloadOffset) : packet.sequenceNumber;
    const stream = this.#streamOf(rtx ? packet.ssrc - 1_000 : packet.ssrc);
    stream.nack.received(stream.unwrapper.unwrap(sequence) + 65_536, nowMs);
  }

  #streamOf(ssrc: number) {
    const known = this.#streams.get(ssrc);
    if (known !== undefined) return known;
    const stream = { unwrapper: new Unwrapper(16), nack: new NackGenerator() };
    this.#streams.set(ssrc, stream);
    return stream;
  }

  #report(): void {
    const { nowMs } = this.#agenda;
    for (const bytes of this.#feedback.due(nowMs, 1, 2)) this.#send(bytes);
    for (const [ssrc, { nack }] of this.#streams) {
      const lost = nack.due(nowMs, []);
      if (lost.length === 0) continue;
      this.holes++;
      this.#writer.nack(1, ssrc, lost);
      this.#send(this.#writer.bytes());
      this.#writer.clear();
    }
  }

  #send(bytes: Uint8Array): void {
    const copy = Buffer.from(bytes);
    if (this.#random() < this.#upLoss) return;
    this.#agenda.at(this.#agenda.nowMs + this.#upDelayMs, () =>
      this.transport.receive(copy, this.#agenda.nowMs, this.#agenda.nowMs * 1_000),
    );
  }
}

const OPEN: SimulatedLinkOptions = { bitsPerSecond: 20e6, queueMs: 500, delayMs: 20, loss: 0 };
const NARROW = 600_000;
const THREE = [120_000, 400_000, 1_500_000];
const SETTLED_MS = 4_000;
const LIFTED_MS = 15_000;
const MAX_QUEUE_MS = 200;
const LOOK_MS = 100;

/** Lets time pass until then, looking every 100 ms. */
function run(agenda: Agenda, untilMs: number, look: () => void = () => {}): void {
  while (agenda.nowMs < untilMs) {
    agenda.runUntil(agenda.nowMs + LOOK_MS);
    look();
  }
}

/** Cameras that have been on for three seconds, and a viewer of them all. */
function watching(link: SimulatedLinkOptions, ...cameras: CameraOptions[]) {
  const agenda = new Agenda();
  const on = cameras.map((options, i) => new Camera(agenda, i, options));
  agenda.runUntil(START_MS);
  return { agenda, cameras: on, viewer: new Viewer(agenda, on, { ...link }) };
}
const START_MS = 3_000;

describe('a path that bears everything', () => {
  it('is found out within two seconds, and keeps the best stream', () => {
    const { agenda, viewer } = watching(OPEN, { bitsPerSecond: THREE });
    run(agenda, START_MS + 2_000);
    expect(viewer.rank()).toBe(2);
    run(agenda, 60_000, () => expect(viewer.rank()).toBe(2));
    expect(viewer.transport.path.pacer.dropped).toBe(0);
    // What is enough is not probed any further.
    expect(viewer.transport.path.control.prober.probes).toBeLessThan(8);
  });

  it('leaves no hole in the numbering, whatever is switched', () => {
    const { agenda, viewer } = watching(OPEN, { bitsPerSecond: THREE });
    for (const [i, rank] of [2, 0, 1, 2, 1, 2, 0, 2].entries()) {
      viewer.transport.consumers.get('screen-0')?.prefer(rank, 7, agenda.nowMs);
      run(agenda, START_MS + 1_500 * (i + 1));
      expect(viewer.rank()).toBe(rank);
    }
    expect(viewer.holes).toBe(0);
  });

  it('is found out without probes too, where the receiver has agreed to no retransmissions', () => {
    const agenda = new Agenda();
    const camera = new Camera(agenda, 0, { bitsPerSecond: THREE });
    agenda.runUntil(START_MS);
    const viewer = new Viewer(agenda, [camera], OPEN, false);
    run(agenda, START_MS + 40_000);
    expect(viewer.rank()).toBe(2);
    expect(viewer.transport.path.control.prober.probes).toBe(0);
  });
});

describe('a bottleneck of 600 kbit/s', () => {
  it('from the start on: settles at once and never fills the queue', () => {
    const link = { ...OPEN, bitsPerSecond: NARROW };
    const { agenda, viewer } = watching(link, { bitsPerSecond: THREE });
    run(agenda, START_MS + SETTLED_MS, () =>
      expect(viewer.down.takeLongestWaitMs()).toBeLessThan(MAX_QUEUE_MS),
    );
    expect(viewer.rank()).toBe(1);
    run(agenda, 60_000, () => {
      expect(viewer.rank()).toBe(1);
      expect(viewer.down.takeLongestWaitMs()).toBeLessThan(MAX_QUEUE_MS);
    });
    expect(viewer.estimate).toBeGreaterThan(0.6 * NARROW);
    expect(viewer.estimate).toBeLessThan(1.1 * NARROW);
  });

  it('that comes in the middle: settles within four seconds; lifted: is back on top within fifteen', () => {
    const { agenda, viewer } = watching(OPEN, { bitsPerSecond: THREE });
    run(agenda, 10_000);
    expect(viewer.rank()).toBe(2);
    viewer.down.options.bitsPerSecond = NARROW;
    run(agenda, 10_000 + SETTLED_MS);
    expect(viewer.rank()).toBe(1);
    viewer.down.takeLongestWaitMs();
    run(agenda, 40_000, () => {
      expect(viewer.rank()).toBe(1);
      expect(viewer.down.takeLongestWaitMs()).toBeLessThan(MAX_QUEUE_MS);
    });
    viewer.down.options.bitsPerSecond = OPEN.bitsPerSecond;
    run(agenda, 40_000 + LIFTED_MS);
    expect(viewer.rank()).toBe(2);
    run(agenda, 80_000, () => expect(viewer.rank()).toBe(2));
  });

  it('lowers the frame rate where there is one stream with temporal layers', () => {
    const { agenda, viewer } = watching(
      { ...OPEN, bitsPerSecond: NARROW },
      { bitsPerSecond: [900_000], temporalLayers: true },
    );
    run(agenda, START_MS + SETTLED_MS);
    viewer.down.takeLongestWaitMs();
    run(agenda, 30_000, () => expect(viewer.down.takeLongestWaitMs()).toBeLessThan(MAX_QUEUE_MS));
    expect(viewer.rank()).toBe(0);
    const { packets } = viewer.transport.consumers.get('screen-0')!;
    const sent = packets;
    run(agenda, 40_000);
    const perSecond = (viewer.transport.consumers.get('screen-0')!.packets - sent) / 10;
    // All would be about 120; every second frame of them is half as much.
    expect(perSecond).toBeGreaterThan(20);
    expect(perSecond).toBeLessThan(80);
  });
});

describe('loss of one packet in twenty each way, a round trip of 100 ms', () => {
  it('does not bring the estimate down', () => {
    const { agenda, viewer } = watching(
      { ...OPEN, delayMs: 50, loss: 0.05 },
      { bitsPerSecond: THREE },
    );
    run(agenda, START_MS + SETTLED_MS);
    expect(viewer.rank()).toBe(2);
    let on = 0;
    let looks = 0;
    run(agenda, 120_000, () => {
      looks++;
      if (viewer.rank() === 2) on++;
    });
    expect(on / looks).toBeGreaterThan(0.98);
    expect(viewer.estimate).toBeGreaterThan(1_500_000);
  });
});

describe('several consumers behind one bottleneck', () => {
  it('share it by priority', () => {
    const link = { ...OPEN, bitsPerSecond: 2_600_000 };
    const { agenda, viewer } = watching(link, { bitsPerSecond: THREE }, { bitsPerSecond: THREE });
    viewer.transport.consumers.get('screen-1')?.want({ priority: 10 }, agenda.nowMs);
    run(agenda, START_MS + 8_000);
    expect([viewer.rank(0), viewer.rank(1)]).toEqual([1, 2]);
    viewer.down.takeLongestWaitMs();
    run(agenda, 60_000, () => {
      expect([viewer.rank(0), viewer.rank(1)]).toEqual([1, 2]);
      expect(viewer.down.takeLongestWaitMs()).toBeLessThan(MAX_QUEUE_MS);
    });
  });

  it('that need less leave it to others', () => {
    const link = { ...OPEN, bitsPerSecond: 2_200_000 };
    const { agenda, viewer } = watching(link, { bitsPerSecond: THREE }, { bitsPerSecond: THREE });
    const small = { priority: 10, width: 16, height: 16 };
    viewer.transport.consumers
      .get('screen-0')
      ?.want({ ...small, width: 200, height: 200 }, agenda.nowMs);
    run(agenda, START_MS + 10_000);
    expect([viewer.rank(0), viewer.rank(1)]).toEqual([0, 2]);
  });

  it('lose the last of them where not even the lowest streams fit', () => {
    const link = { ...OPEN, bitsPerSecond: 200_000 };
    const { agenda, viewer } = watching(link, { bitsPerSecond: THREE }, { bitsPerSecond: THREE });
    viewer.transport.consumers.get('screen-1')?.want({ priority: 2 }, agenda.nowMs);
    run(agenda, START_MS + 10_000);
    expect([viewer.rank(0), viewer.rank(1)]).toEqual([-1, 0]);
  });

  it('of two viewers find about the same share', () => {
    const agenda = new Agenda();
    const camera = new Camera(agenda, 0, { bitsPerSecond: THREE });
    agenda.runUntil(START_MS);
    const link = { ...OPEN, bitsPerSecond: 1_200_000 };
    const first = new Viewer(agenda, [camera], link);
    const second = new Viewer(agenda, [camera], link, true, first);
    run(agenda, 30_000);
    first.down.takeLongestWaitMs();
    let longest = 0;
    run(agenda, 60_000, () => {
      longest = Math.max(longest, first.down.takeLongestWaitMs());
    });
    expect([first.rank(), second.rank()]).toEqual([1, 1]);
    expect(longest).toBeLessThan(MAX_QUEUE_MS);
  });
});

describe('a receiver that gives no transport-wide feedback', () => {
  /** A viewer over a wire that takes everything, and its rank. */
  function silent(transportWide: boolean) {
    const agenda = new Agenda();
    const camera = new Camera(agenda, 0, { bitsPerSecond: THREE });
    agenda.runUntil(START_MS);
    const ranks: number[] = [];
    const wire: Wire = { open: true, send: () => true, close() {} };
    let waiting = false;
    const drain = () => {
      waiting = transport.drain(agenda.nowMs, agenda.nowMs * 1_000);
      if (waiting) agenda.at(agenda.nowMs + DRAIN_MS, drain);
    };
    const transport: Transport = new Transport('viewer', wire, 'cname', {
      ...OWNER,
      layerChanged: (_id, rank) => ranks.push(rank),
      busy: () => {
        if (!waiting) agenda.at(agenda.nowMs + DRAIN_MS, drain);
        waiting = true;
      },
    });
    const extensions = { transportCc: TRANSPORT_CC_ID };
    const parameters = { payloadType: 120, ssrc: 1_000, nack: true, transportWide, extensions };
    transport.consume('screen', camera.producer, parameters, agenda.nowMs);
    agenda.every(VIEWER_TICK_MS, () => transport.tick(agenda.nowMs, agenda.nowMs * 1_000));
    const remb = (bitsPerSecond: number) => {
      const writer = new RtcpWriter();
      writer.remb(1, bitsPerSecond, [1_000]);
      transport.receive(Buffer.from(writer.bytes()), agenda.nowMs, agenda.nowMs * 1_000);
    };
    return { agenda, ranks, remb };
  }

  it('gets the best there is, and what its REMB allows once it sends one', () => {
    const { agenda, ranks, remb } = silent(false);
    run(agenda, START_MS + 2_000);
    expect(ranks.at(-1)).toBe(2);
    remb(600_000);
    run(agenda, START_MS + 4_000);
    expect(ranks.at(-1)).toBe(1);
    remb(100_000);
    run(agenda, START_MS + 6_000);
    expect(ranks.at(-1)).toBe(0);
    remb(5_000_000);
    run(agenda, START_MS + 20_000);
    expect(ranks.at(-1)).toBe(2);
  });

  it('although it agreed to, is no longer waited for after five seconds', () => {
    const { agenda, ranks } = silent(true);
    run(agenda, START_MS + 4_900);
    expect(ranks.at(-1)).toBeLessThan(2);
    run(agenda, START_MS + 7_000);
    expect(ranks.at(-1)).toBe(2);
  });
});
