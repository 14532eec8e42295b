import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AmphiError, Emitter, silentLogger } from '#base';
import type { MediaFeed, MediaTap, Router, TransportStats, WorkerClient } from '#callserver';
import type { RenditionUnit, RoomRenditionOpening } from '#contracts';
import type { SdOrder } from './order.ts';
import { MAX_ROOM_RENDITIONS, RoomSd } from './room-sd.ts';

type Unit = Omit<RenditionUnit, 'track'>;

/** What a worker of the bank would do is done by hand. */
class FakeOrder extends Emitter<{
  up: readonly [];
  down: readonly [];
  unit: readonly [Unit, string];
  closed: readonly [];
}> {
  up = false;
  closed = false;
  readonly opening: RoomRenditionOpening;
  constructor(opening: RoomRenditionOpening) {
    super();
    this.opening = opening;
  }
  send = () => true;
  come(): void {
    this.up = true;
    this.emit('up');
  }
  go(): void {
    this.up = false;
    this.emit('down');
  }
  make(key: boolean): void {
    this.emit('unit', { key, capturedUs: 1, payload: Uint8Array.of(0) }, 'bank');
  }
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.up) this.go();
    this.emit('closed');
  }
}

/** A tap that gives nothing of itself. */
class FakeTap extends Emitter<{ unit: readonly [unknown]; closed: readonly [] }> {
  closed = false;
  requestKeyFrame(): void {}
  async close(): Promise<void> {
    this.closed = true;
  }
}

type Stream = { live: boolean; width: number; height: number; bitsPerSecond: number };
const stream = (width: number, height: number, live = true): Stream => ({
  ...{ live, width, height },
  bitsPerSecond: 1_500_000,
});

let streams: Map<string, Stream[]>;
let orders: Map<string, FakeOrder>;
let full: boolean;
/** Who gets what now, as `session producer`. */
let shown: Map<string, string>;
/** In the order in which they happened. */
let log: string[];
let room: RoomSd;
let feeds: number;

beforeEach(() => {
  vi.useFakeTimers();
  streams = new Map([['cam', [stream(1280, 720)]]]);
  orders = new Map();
  full = false;
  shown = new Map();
  log = [];
  feeds = 0;
  const router = {
    id: 'router',
    feed: async () => {
      const name = `sd${++feeds}`;
      log.push(`${name} opened`);
      return {
        producers: [{ producerId: name }],
        send: () => {},
        on: () => () => {},
        close: async () => log.push(`${name} closed`),
      } as unknown as MediaFeed;
    },
  } as unknown as Router;
  const branch = { router, worker: {} as WorkerClient, sessions: 1 };
  room = new RoomSd({
    roomId: 'room',
    log: silentLogger,
    orders: {
      place: (_roomId, producerId, opening) => {
        if (full) throw new AmphiError('too_many');
        const order = new FakeOrder(opening);
        orders.set(producerId, order);
        order.on('closed', () => orders.delete(producerId));
        return order as unknown as SdOrder;
      },
    },
    source: (producerId) => ({
      codec: producerId.startsWith('vp9') ? 'VP9' : 'VP8',
      paused: false,
      tap: async () => new FakeTap() as unknown as MediaTap,
      session: {
        id: `of ${producerId}`,
        stats: async () =>
          ({
            producers: [{ producerId, streams: streams.get(producerId) ?? [] }],
          }) as unknown as TransportStats,
      },
    }),
    taker: (id) => ({
      branch,
      session: {
        id,
        divert: async (producerId, to) => {
          shown.set(`${id} ${producerId}`, to.producerId);
          log.push(`${id} gets ${to.producerId}`);
        },
      },
    }),
  });
});

afterEach(async () => {
  await room.close();
  vi.useRealTimers();
});

const bankIsFull = () => {
  full = true;
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const want = (who: string, width: number, height: number, paused = false, what = 'cam') =>
  room.want(who, what, { paused, size: { width, height } });

/** Somebody wants less, and has it. */
async function served(): Promise<FakeOrder> {
  want('bob', 320, 180);
  await pass(4_000);
  const order = orders.get('cam')!;
  order.come();
  await pass(0);
  order.make(true);
  await pass(0);
  expect(shown.get('bob cam')).toBe('sd1');
  return order;
}

describe("a room's smaller pictures", () => {
  it('are ordered once somebody has wanted less for two seconds, one for all', async () => {
    want('bob', 320, 180);
    want('cat', 640, 360);
    want('dan', 1280, 720);
    await pass(2_000);
    expect(orders.size).toBe(0);
    await pass(2_000);
    expect(orders.get('cam')?.opening).toEqual({
      codec: 'VP8',
      source: { width: 1280, height: 720 },
      width: 640,
      height: 360,
      kbps: 415,
    });
    const order = orders.get('cam')!;
    order.come();
    order.make(false);
    await pass(0);
    // Nobody is switched before there is a key frame.
    expect(log).toEqual(['sd1 opened']);
    order.make(true);
    await pass(0);
    expect(log).toEqual(['sd1 opened', 'bob gets sd1', 'cat gets sd1']);
  });

  it.each<[string, () => void]>([
    ['several sizes are sent', () => streams.set('cam', [stream(640, 360), stream(1280, 720)])],
    ['the source is small', () => streams.set('cam', [stream(320, 180)])],
    ['nobody knows its size', () => streams.set('cam', [stream(0, 0)])],
    ['the bank has enough to do', () => bankIsFull()],
    ['the tile is hidden', () => want('bob', 0, 0)],
    ['it is paused', () => want('bob', 320, 180, true)],
    ['the tile is large', () => want('bob', 641, 361)],
    ['the one who wants it leaves', () => room.placed('bob', [])],
  ])('are not made where %s', async (_what, change) => {
    want('bob', 320, 180);
    change();
    await pass(6_000);
    expect(orders.size).toBe(0);
  });

  it('are made of VP8 alone', async () => {
    streams.set('vp9', [stream(1280, 720)]);
    want('bob', 320, 180, false, 'vp9');
    await pass(6_000);
    expect(orders.size).toBe(0);
  });

  it('are left for the original at once by whoever wants more, and end when nobody is left', async () => {
    await served();
    want('bob', 1280, 720);
    await pass(0);
    expect(shown.get('bob cam')).toBe('cam');
    await pass(4_000);
    expect(orders.size).toBe(1);
    await pass(3_000);
    expect(orders.size).toBe(0);
    // The receiver was switched before what it had was closed.
    expect(log).toEqual(['sd1 opened', 'bob gets sd1', 'bob gets cam', 'sd1 closed']);
  });

  it('leave their takers on the original when the worker goes, until there is another one', async () => {
    const order = await served();
    order.go();
    await pass(0);
    expect(shown.get('bob cam')).toBe('cam');
    order.come();
    await pass(0);
    order.make(true);
    await pass(0);
    expect(shown.get('bob cam')).toMatch(/^sd/);
  });

  it('are never as large as the source: they end when that shrinks', async () => {
    await served();
    streams.set('cam', [stream(960, 540)]);
    await pass(2_000);
    expect(orders.size).toBe(1);
    streams.set('cam', [stream(640, 360)]);
    await pass(1_000);
    expect(orders.size).toBe(0);
    expect(shown.get('bob cam')).toBe('cam');
  });

  it('go to whoever has no room for the original, and the original is tried again later', async () => {
    want('bob', 1280, 720);
    room.layer('bob', 'cam', 0);
    await pass(4_000);
    expect(orders.size).toBe(0);
    room.layer('bob', 'cam', -1);
    await pass(4_000);
    const order = orders.get('cam')!;
    order.come();
    await pass(0);
    order.make(true);
    await pass(0);
    expect(shown.get('bob cam')).toBe('sd1');
    // That the smaller one has room says nothing about the original.
    room.layer('bob', 'cam', 0);
    await pass(20_000);
    expect(shown.get('bob cam')).toBe('sd1');
    await pass(10_000);
    expect(shown.get('bob cam')).toBe('cam');
    room.layer('bob', 'cam', -1);
    await pass(0);
    order.make(true);
    await pass(0);
    expect(shown.get('bob cam')).toMatch(/^sd/);
  });

  it('end with the original', async () => {
    await served();
    room.gone('cam');
    await pass(0);
    expect(orders.size).toBe(0);
    expect(log.at(-1)).toBe('sd1 closed');
  });

  it(`are ${MAX_ROOM_RENDITIONS} at most`, async () => {
    for (let i = 0; i <= MAX_ROOM_RENDITIONS; i++) {
      streams.set(`cam${i}`, [stream(1280, 720)]);
      want('bob', 320, 180, false, `cam${i}`);
    }
    await pass(10_000);
    expect(orders.size).toBe(MAX_ROOM_RENDITIONS);
    room.gone('cam0');
    await pass(4_000);
    expect(orders.size).toBe(MAX_ROOM_RENDITIONS);
    expect(orders.has(`cam${MAX_ROOM_RENDITIONS}`)).toBe(true);
  });
});
