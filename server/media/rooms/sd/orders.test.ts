import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from 'vitest';
import { isAmphiError, silentLogger } from '#base';
import { FrameReader, frame } from '#callserver';
import {
  ROOM_RENDITION_OPENING,
  ROOM_RENDITION_UNIT,
  type RoomRenditionJob,
  readRenditionUnit,
  renditionUnitHeader,
} from '#contracts';
import { nodeAuthorization, run, TokenIssuer } from '#platform';
import { MAX_FAILURES, MAX_NODE_ORDERS, type Register, SdOrders } from './orders.ts';

/** Much is done beside a unit test. */
const PATIENCE = { timeout: 15_000 };
const OPENING = {
  codec: 'VP8',
  source: { width: 1280, height: 720 },
  width: 640,
  height: 360,
  kbps: 400,
} as const;
const unit = (capturedUs: number, key = false) => ({
  key,
  capturedUs,
  payload: Uint8Array.of(key ? 0 : 1, 2, 3),
});

const tokens = new TokenIssuer('a-secret-of-the-cluster-for-this-test');
let jobs: Map<string, RoomRenditionJob>;
let register: { add: Mock<Register['add']>; remove: Mock<Register['remove']> };
let orders: SdOrders;
let server: Server;

beforeEach(async () => {
  jobs = new Map();
  register = { add: vi.fn<Register['add']>(), remove: vi.fn<Register['remove']>() };
  orders = new SdOrders({
    nodeId: 'here',
    tokens,
    log: silentLogger,
    register: { ...register, close: async () => {} },
    openQueue: async () => ({
      add: async (_name, job, options) => jobs.set((options as { jobId: string }).jobId, job),
      remove: async (jobId) => jobs.delete(jobId),
      close: async () => {},
    }),
  });
  server = createServer((req, res) => run(orders.handler, req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await orders.close();
  server.closeAllConnections();
  server.close();
});

/** A worker of the bank calls; with what it was told so far. */
async function call(path: string, authorization?: string) {
  const { port } = server.address() as AddressInfo;
  const headers = {
    authorization: authorization ?? (await nodeAuthorization(tokens, 'bank')()),
  };
  const url = `http://127.0.0.1:${port}/room-renditions/${path}`;
  const post = request(url, { method: 'POST', agent: false, headers });
  post.on('error', () => {});
  post.flushHeaders();
  const [res] = (await once(post, 'response')) as [IncomingMessage];
  const frames: { kind: number; payload: Buffer }[] = [];
  const reader = new FrameReader();
  res.on('error', () => {});
  const ended = new Promise<void>((resolve) => res.once('close', () => resolve()));
  if (res.statusCode === 200) {
    res.on('data', (chunk: Buffer) => {
      for (const { kind, payload } of reader.push(chunk)) {
        frames.push({ kind, payload: Buffer.from(payload) });
      }
    });
  } else {
    res.resume();
  }
  const make = ({ key, capturedUs, payload }: ReturnType<typeof unit>) =>
    post.write(
      frame(ROOM_RENDITION_UNIT, renditionUnitHeader({ track: 0, key, capturedUs }), payload),
    );
  return { status: res.statusCode, frames, make, ended, post };
}

describe('an order of a smaller picture', () => {
  it('is one job that names the producer, and has what it takes to a worker and back', async () => {
    const order = orders.place('room', 'camera', OPENING);
    await vi.waitFor(() => expect([...jobs.keys()]).toEqual(['room.camera']), PATIENCE);
    expect(jobs.get('room.camera')).toEqual({
      roomId: 'room',
      producerId: 'camera',
      nodeId: 'here',
    });
    const made = vi.fn();
    order.on('unit', made);
    expect(order.send(unit(1, true))).toBe(false);
    const worker = await call('room/camera');
    await vi.waitFor(() => expect(order.up).toBe(true), PATIENCE);
    // It begins with a key frame.
    expect(order.send(unit(1))).toBe(false);
    expect(order.send(unit(2, true))).toBe(true);
    expect(order.send(unit(3))).toBe(true);
    await vi.waitFor(() => expect(worker.frames).toHaveLength(3), PATIENCE);
    const [opening, ...units] = worker.frames;
    expect(opening?.kind).toBe(ROOM_RENDITION_OPENING);
    expect(JSON.parse(String(opening?.payload))).toEqual(OPENING);
    expect(units.map(({ payload }) => readRenditionUnit(payload).capturedUs)).toEqual([2, 3]);
    worker.make(unit(2, true));
    worker.make(unit(3));
    await vi.waitFor(() => expect(made).toHaveBeenCalledTimes(2), PATIENCE);
    expect(made.mock.calls[0]).toMatchObject([{ key: true, capturedUs: 2 }, 'bank']);
    expect(register.add).toHaveBeenCalledTimes(1);
    const record = { width: 640, height: 360, kbps: 400, workerNode: 'bank' };
    expect(register.add.mock.calls[0]).toMatchObject(['room', 'camera', record]);

    await order.close();
    await worker.ended;
    expect(register.remove).toHaveBeenCalledWith('room', 'camera');
    await vi.waitFor(() => expect(jobs.size).toBe(0), PATIENCE);
    expect((await call('room/camera')).status).toBe(404);
  });

  it('goes on with whoever calls last', async () => {
    const order = orders.place('room', 'camera', OPENING);
    const first = await call('room/camera');
    await vi.waitFor(() => expect(order.up).toBe(true), PATIENCE);
    order.send(unit(1, true));
    const second = await call('room/camera');
    await first.ended;
    expect(order.up).toBe(true);
    // The second one has had no key frame yet.
    expect(order.send(unit(2))).toBe(false);
    const down = vi.fn();
    order.on('down', down);
    second.post.destroy();
    await vi.waitFor(() => expect(down).toHaveBeenCalled(), PATIENCE);
    expect(order.up).toBe(false);
  });

  it('is offered again while nobody makes it, and no more when all have failed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const order = orders.place('room', 'camera', OPENING);
      const offered = async () => {
        jobs.clear();
        await vi.advanceTimersByTimeAsync(5_000);
        return jobs.size === 1;
      };
      expect(await offered()).toBe(true);
      for (let failures = 1; failures <= MAX_FAILURES; failures++) {
        const worker = await call('room/camera');
        await vi.waitFor(() => expect(order.up).toBe(true), PATIENCE);
        expect(await offered()).toBe(false);
        worker.post.destroy();
        await vi.waitFor(() => expect(order.up).toBe(false), PATIENCE);
        expect(await offered()).toBe(failures < MAX_FAILURES);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets go of a worker that says what it may not', async () => {
    const order = orders.place('room', 'camera', OPENING);
    const worker = await call('room/camera');
    worker.post.write(frame(7, Buffer.from('hello')));
    await worker.ended;
    await vi.waitFor(() => expect(order.up).toBe(false), PATIENCE);
    expect((await call('room/camera')).status).toBe(200);
  });

  it('is no business of strangers', async () => {
    orders.place('room', 'camera', OPENING);
    expect((await call('room/camera', 'Bearer nonsense')).status).toBe(401);
    const push = await tokens.sign('push', { sub: 'room' }, 60);
    expect((await call('room/camera', `Bearer ${push}`)).status).toBe(401);
    expect((await call('room/other')).status).toBe(404);
    expect((await call('room/a%20b')).status).toBe(400);
  });

  it(`is one of ${MAX_NODE_ORDERS} at most, and one of each producer`, async () => {
    const codeOf = (producerId: string) => {
      try {
        orders.place('room', producerId, OPENING);
        return 'placed';
      } catch (error) {
        return isAmphiError(error) ? error.code : String(error);
      }
    };
    const placed = Array.from({ length: MAX_NODE_ORDERS }, (_, i) => codeOf(`p${i}`));
    expect(new Set(placed)).toEqual(new Set(['placed']));
    expect(codeOf('p0')).toBe('conflict');
    expect(codeOf('one-more')).toBe('too_many');
  });
});
