import { execFile } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '#base';
import {
  ROOM_RENDITION_QUEUE,
  type RoomNotice,
  type RoomRenditionJob,
  roomRenditionJobId,
  roomRenditionRecordSchema,
  roomRenditionsKey,
} from '#contracts';
import { extraConnection, openQueue, type Queue } from '#platform';
import { IvfReader } from '#protocol';
import { childrenOf, Instance, NativeClient, RoomOwner, until } from '#support';
import { RoomRenditionWorker } from '#transcode';

const ROOM = 'small';
const FPS = 10;
const LARGE = '640x480';
const SMALL = '320x240';
/** Pictures come by real encoders, on machines that may be busy. */
const PATIENCE_MS = 40_000;

let owner: RoomOwner;
let amphi: Instance;
let queue: Queue<RoomRenditionJob>;
const clients: NativeClient[] = [];

beforeAll(async () => {
  owner = await RoomOwner.start();
  queue = await openQueue(ROOM_RENDITION_QUEUE, owner.redis);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await amphi?.stop();
  await queue?.close();
  await owner?.stop();
});

/** A second of VP8, beginning with a key frame. */
async function pictures(): Promise<Uint8Array[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc=size=${LARGE}:rate=${FPS}`, '-t', '1'],
      ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k'],
      ...['-g', '100', '-auto-alt-ref', '0', '-f', 'ivf', 'pipe:1'],
    ],
    { encoding: 'buffer', maxBuffer: 2 ** 26 },
  );
  return [...new IvfReader().push(stdout)].map(({ payload }) => payload);
}

async function clientOf(name: string, direction: 'SendOnly' | 'RecvOnly'): Promise<NativeClient> {
  const client = await NativeClient.create(name, direction);
  clients.push(client);
  return client;
}

it('gives those who need less a smaller picture, made once, for as long as somebody wants it', async () => {
  const [started, frames] = await Promise.all([
    Instance.start({
      env: { ...owner.env, AMPHI_ROLES: 'callserver,transcode', AMPHI_TRANSCODE_WORKERS: '1' },
    }),
    pictures(),
  ]);
  amphi = started;
  const room = await owner.openRoom(ROOM);
  const notices: RoomNotice[] = [];
  room.on('notice', (notice) => notices.push(notice));
  const ann = await clientOf('ann', 'SendOnly');
  const sent = await room.command('send', {
    participantId: 'ann',
    offer: ann.offer,
    labels: { 0: 'camera' },
  });
  ann.answer(sent.answer);
  ann.play(frames, FPS);
  const producerId = sent.producers[0]?.producerId ?? '';

  const receivers = ['bob', 'cat', 'dan'].map(async (participantId) => {
    const client = await clientOf(participantId, 'RecvOnly');
    const wanted = [producerId];
    const begun = await room.command('receive', { participantId, offer: client.offer, wanted });
    client.answer(begun.answer);
    const { sessionId } = begun;
    const want = (width: number, height: number, paused = false) =>
      room.command('want', { sessionId, producerId, width, height, paused });
    const shows = (size: string) => {
      const from = client.keyFrames.length;
      return until(
        `${participantId} to get ${size}`,
        () => client.keyFrames.indexOf(size, from) >= 0,
        PATIENCE_MS,
      );
    };
    return { client, want, shows };
  });
  const [bob, cat, dan] = await Promise.all(receivers);
  if (bob === undefined || cat === undefined || dan === undefined) throw new Error('no receivers');
  await Promise.all([bob, cat, dan].map(({ shows }) => shows(LARGE)));

  // Two have small tiles, one a large one.
  const small = Promise.all([bob.shows(SMALL), cat.shows(SMALL)]);
  await Promise.all([bob.want(160, 120), cat.want(320, 240), dan.want(640, 480)]);
  await small;
  expect(await queue.getJobCounts('active', 'waiting', 'delayed')).toMatchObject({
    active: 1,
    waiting: 0,
    delayed: 0,
  });
  const key = roomRenditionsKey(ROOM);
  const records = await until('the record', async () => {
    const all = await owner.redis.hgetall(key);
    return Object.keys(all).length > 0 && all;
  });
  expect(Object.keys(records)).toEqual([producerId]);
  const record = roomRenditionRecordSchema.parse(JSON.parse(records[producerId] ?? ''));
  const [bank] = await owner.nodes.nodes('transcode');
  expect(record).toMatchObject({ width: 320, height: 240, workerNode: bank?.nodeId });
  expect(await owner.redis.ttl(key)).toBeGreaterThan(0);

  // Somebody's tile grows.
  const grown = cat.shows(LARGE);
  await cat.want(640, 480);
  await grown;
  await bob.shows(SMALL);

  // Its encoder dies: the picture goes on, and is small again.
  const processes = await amphi.processes();
  const bankPid = processes.find(({ name }) => name.startsWith('transcode'))?.pid ?? 0;
  const encoders = await childrenOf(bankPid, 'ffmpeg');
  expect(encoders).toHaveLength(1);
  for (const pid of encoders) process.kill(pid, 'SIGKILL');
  await until('another encoder', async () => {
    const present = await childrenOf(bankPid, 'ffmpeg');
    return present.some((pid) => !encoders.includes(pid));
  });
  await bob.shows(SMALL);

  // Nobody wants it any more.
  await bob.want(160, 120, true);
  await until(
    'the job and the record to be gone',
    async () => {
      const counts = await queue.getJobCounts(
        'active',
        'waiting',
        'delayed',
        'completed',
        'failed',
      );
      const jobs = Object.values(counts).reduce((sum, count) => sum + count, 0);
      return jobs === 0 && (await owner.redis.exists(key)) === 0;
    },
    PATIENCE_MS,
  );
  await until('its encoder to be gone', async () => {
    return (await childrenOf(bankPid, 'ffmpeg')).length === 0;
  });
  const back = bob.shows(LARGE);
  await bob.want(640, 480);
  await back;

  expect(new Set(dan.client.keyFrames)).toEqual(new Set([LARGE]));
  expect(notices.some(({ notice }) => notice === 'producer-removed')).toBe(false);
  expect(notices.some(({ notice }) => notice === 'closed')).toBe(false);
  await room.end();
});

it('a worker of the bank makes as many at once as it has slots; the others wait', async () => {
  const other = await RoomOwner.start();
  const blockingRedis = extraConnection(other.redis, silentLogger, 'block');
  const jobs = await openQueue<RoomRenditionJob>(ROOM_RENDITION_QUEUE, other.redis);
  const asked: string[] = [];
  const held = new Map<string, ServerResponse>();
  const callServer = createServer((req, res) => {
    const producerId = req.url?.split('/')[3] ?? '';
    asked.push(producerId);
    held.set(producerId, res);
    res.writeHead(200).flushHeaders();
    req.on('error', () => {});
    req.resume();
  });
  await new Promise<void>((resolve) => callServer.listen(0, '127.0.0.1', resolve));
  const { port } = callServer.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  await other.registry.register({ nodeId: 'cs', role: 'callserver', url, startedAt: 1 });
  const worker = await RoomRenditionWorker.start({
    blockingRedis,
    nodes: other.nodes,
    slots: 2,
    log: silentLogger,
  });
  try {
    for (const producerId of ['one', 'two', 'three', 'one']) {
      const job = { roomId: 'r', producerId, nodeId: 'cs' };
      const jobId = roomRenditionJobId(job);
      await jobs.add('make', job, { jobId, removeOnComplete: true, removeOnFail: true });
    }
    await until('two to be made', () => worker.jobs === 2 && asked.length === 2);
    expect(await jobs.getJobCounts('active', 'waiting')).toMatchObject({ active: 2, waiting: 1 });
    const [first = ''] = asked;
    held.get(first)?.end();
    await until('the third', () => asked.length === 3);
    expect(worker.jobs).toBe(2);
    expect([...asked].sort()).toEqual(['one', 'three', 'two']);
    for (const res of held.values()) res.end();
    await until('no job to be left', async () => {
      const counts = await jobs.getJobCounts('active', 'waiting', 'delayed', 'completed', 'failed');
      return Object.values(counts).every((count) => count === 0);
    });
  } finally {
    await worker.close();
    callServer.closeAllConnections();
    callServer.close();
    await jobs.close();
    blockingRedis.disconnect();
    await other.stop();
  }
});
