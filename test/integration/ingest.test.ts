import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewSource } from '#contracts';
import type { FlvTag } from '#protocol';
import {
  encodeFlv,
  Follower,
  freePorts,
  Instance,
  media,
  Publisher,
  type PublishOptions,
  RedisServer,
  Replay,
  type ReplayOptions,
  RtmpClient,
  until,
  wire,
} from '#support';

/**
 * Publishers of every kind at a real ingest. Two machines share a Redis: one
 * that refuses a second publisher and transcodes, and one that takes
 * publishers over TLS and lets a second one take over.
 */

const SECRET = 'one-secret-for-all-the-nodes-of-the-cluster';
const RUNG = '180p';
const LADDER = JSON.stringify([
  { kind: 'video', name: RUNG, shortSide: 180, maxFps: 60, videoKbps: 300, audioKbps: 64 },
]);
const STARTED = 'NetStream.Publish.Start';

let redis: RedisServer;
let amphi: Instance;
let other: Instance;
let tls: { folder: string; ca: string; port: number };
/** Some seconds of a well-behaved encoder. */
let plain: FlvTag[];

const encode = (options: PublishOptions & { seconds?: number } = {}) =>
  encodeFlv({ size: '320x180', videoKbps: 200, seconds: 6, ...options });

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  tls = { port, ...(await selfSigned()) };
  redis = await RedisServer.start();
  const shared = {
    AMPHI_REDIS_URL: redis.url,
    AMPHI_CLUSTER_SECRET: SECRET,
    AMPHI_LADDER: LADDER,
    AMPHI_X264_PRESET: 'ultrafast',
    AMPHI_TRANSCODE_WORKERS: '1',
    AMPHI_JOBS_PER_WORKER: '32',
  };
  [amphi, other, plain] = await Promise.all([
    Instance.start({ env: shared }),
    Instance.start({
      env: {
        ...shared,
        AMPHI_ROLES: 'ingest',
        AMPHI_RTMP_SECOND_PUBLISHER: 'takeover',
        AMPHI_RTMPS_PORT: String(tls.port),
        AMPHI_TLS_CERT: join(tls.folder, 'cert.pem'),
        AMPHI_TLS_KEY: join(tls.folder, 'key.pem'),
      },
    }),
    encode(),
  ]);
});

afterAll(async () => {
  await Promise.all([amphi?.stop(), other?.stop()]);
  await redis?.stop();
  if (tls !== undefined) await rm(tls.folder, { recursive: true, force: true });
});

async function selfSigned(): Promise<{ folder: string; ca: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'amphi-test-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
  ]);
  return { folder, ca: await readFile(cert, 'utf8') };
}

/** A publisher that sends a file in real time. */
class Camera {
  readonly client: RtmpClient;
  readonly replay: Replay;

  private constructor(client: RtmpClient, replay: Replay) {
    this.client = client;
    this.replay = replay;
  }

  static async publish(
    streamKey: string,
    tags: readonly FlvTag[] = plain,
    options: ReplayOptions & { port?: number; tlsCa?: string } = {},
  ): Promise<Camera> {
    const { port = amphi.rtmpPort, tlsCa } = options;
    const client = await RtmpClient.connect({ port, ...(tlsCa === undefined ? {} : { tlsCa }) });
    const code = await client.publish(streamKey);
    if (code !== STARTED) throw new Error(code);
    return new Camera(client, new Replay(client, tags, { loop: true, ...options }));
  }

  /** Ends at once, as a process that dies. */
  drop(): void {
    this.replay.stop();
    this.client.destroy();
  }
}

const code = async (streamKey: string, port = amphi.rtmpPort) => {
  const client = await RtmpClient.connect({ port });
  const answer = await client.publish(streamKey);
  return { client, answer };
};

async function runOf(eventId: string): Promise<string | undefined> {
  const response = await fetch(`${amphi.base}/hls/${eventId}/status.json`);
  return ((await response.json()) as { runId?: string }).runId;
}

const untilStatus = (eventId: string, status: string) =>
  until(`event ${eventId} to be ${status}`, async () => {
    return (await amphi.event(eventId)).status === status;
  });

/** Follows the event's one rung from its first part on. */
async function follow(eventId: string): Promise<Follower> {
  const base = `${amphi.base}/hls/${eventId}/${RUNG}`;
  await until(
    `a first part of ${eventId}`,
    async () => (await fetch(`${base}/media.m3u8`)).ok,
    40_000,
  );
  const follower = new Follower(base);
  follower.start();
  await until(`parts of ${eventId}`, () => follower.parts.length >= 3);
  return follower;
}

const goOn = (follower: Follower, parts: number) => {
  const target = follower.parts.length + parts;
  return until(`${parts} more parts`, () => follower.parts.length >= target, 40_000);
};

/**
 * What a playlist must never do, whatever the publisher did. Only a machine
 * that cannot keep up, and says so, may leave gaps: it skips to now.
 */
function expectUnbroken(follower: Follower, eventId: string): void {
  const { faults } = follower;
  const about = amphi.log.filter((line) => line.includes(eventId));
  const kept = !about.some((line) => line.includes('transcoding is too slow'));
  const gaps = kept ? follower.gaps : 0;
  const picture = kept ? follower.seams('picture') : [];
  const sound = kept ? follower.seams('sound') : [];
  expect({ faults, gaps, picture, sound }).toEqual({
    faults: [],
    gaps: 0,
    picture: [],
    sound: [],
  });
}

describe('a stream key', () => {
  it('that is wrong is refused before any media is accepted', async () => {
    const { eventId } = await amphi.createEvent();
    const { client, answer } = await code('0123456789abcdef0123456789abcdef');
    expect(answer).toBe('NetStream.Publish.BadName');
    await client.closed;

    // One that does not wait for the answer gets no further.
    const hasty = await RtmpClient.connect({ port: amphi.rtmpPort });
    await hasty.open();
    hasty.command('publish', 3, null, 'wrong', 'live');
    for (let ms = 0; ms < 2_000 && hasty.isOpen; ms += 40) {
      hasty.media(wire.VIDEO, ms, media.videoBody(ms === 0));
    }
    await hasty.closed;
    const { status, sources } = await amphi.event(eventId);
    expect(status).toBe('idle');
    expect(sources.some(({ health }) => health?.connected === true)).toBe(false);
  });

  it('counts only for the application "live"', async () => {
    const { source } = await amphi.createEvent();
    const client = await RtmpClient.connect({ port: amphi.rtmpPort });
    expect(await client.publish(source.streamKey, 'vod')).toBe('NetStream.Publish.BadName');
    await client.closed;
  });

  it('that is rotated ends the old session within 2 s and is worth nothing from then on', async () => {
    const { eventId, source } = await amphi.createEvent();
    const camera = await Camera.publish(source.streamKey);
    await until('the source to be connected', async () => {
      const [view] = (await amphi.event(eventId)).sources;
      return view?.health?.connected === true;
    });
    const at = performance.now();
    const { streamKey } = await amphi.api<NewSource>(
      'POST',
      `/api/events/${eventId}/sources/${source.sourceId}/rotate-key`,
    );
    await camera.client.closed;
    expect(performance.now() - at).toBeLessThan(2_000);
    camera.replay.stop();
    expect((await code(source.streamKey)).answer).toBe('NetStream.Publish.BadName');
    const fresh = await code(streamKey);
    expect(fresh.answer).toBe(STARTED);
    fresh.client.destroy();
  });
});

describe('an event that is deleted while its encoder comes back again and again', () => {
  it('is off air for good', async () => {
    for (let round = 0; round < 5; round++) {
      const { eventId, source } = await amphi.createEvent();
      const clients: RtmpClient[] = [];
      let isOver = false;
      const insist = async () => {
        while (!isOver) {
          const client = await RtmpClient.connect({ port: amphi.rtmpPort });
          clients.push(client);
          const answer = await client.publish(source.streamKey).catch(() => undefined);
          if (answer === STARTED) await Promise.race([client.closed, pause()]);
        }
      };
      const pause = () => until('the end', () => isOver);
      const encoders = Array.from({ length: 8 }, insist);
      await until('one to be connected', async () => {
        const [view] = (await amphi.event(eventId)).sources;
        return view?.health?.connected === true;
      });
      await amphi.api('DELETE', `/api/events/${eventId}`);
      isOver = true;
      await Promise.all(encoders);
      await Promise.all(clients.map(({ closed }) => closed));
    }
  });
});

describe('a second publisher on a live key', () => {
  it('is rejected by default, and the first goes on', async () => {
    const { source } = await amphi.createEvent();
    const first = await Camera.publish(source.streamKey);
    const second = await code(source.streamKey);
    expect(second.answer).toBe('NetStream.Publish.Rejected');
    await second.client.closed;
    const { sent } = first.replay;
    await until('the first to go on', () => first.replay.sent > sent + 30);
    expect(first.client.isOpen).toBe(true);
    first.drop();
  });

  it('takes over where that is configured', async () => {
    const { source } = await amphi.createEvent();
    const port = other.rtmpPort;
    const first = await Camera.publish(source.streamKey, plain, { port });
    const second = await Camera.publish(source.streamKey, plain, { port });
    await first.client.closed;
    const { sent } = second.replay;
    await until('the second to go on', () => second.replay.sent > sent + 30);
    expect(second.client.isOpen).toBe(true);
    for (const camera of [first, second]) camera.drop();
  });

  it('takes the place of one that has vanished without a word', async () => {
    const { source } = await amphi.createEvent();
    const gone = await Camera.publish(source.streamKey);
    await until('the first to have sent something', () => gone.replay.sent > 30);
    // Its connection stays open: nobody says that nothing will come any more.
    gone.replay.stop();
    const back = await Camera.publish(source.streamKey);
    await gone.client.closed;
    expect(back.client.isOpen).toBe(true);
    back.drop();
  });
});

it('a publisher over TLS goes on air like any other', async () => {
  const { eventId, source } = await amphi.createEvent();
  const camera = await Camera.publish(source.streamKey, plain, { port: tls.port, tlsCa: tls.ca });
  const follower = await follow(eventId);
  await goOn(follower, 6);
  await follower.stop();
  expectUnbroken(follower, eventId);
  camera.drop();
});

it('a publisher that drops: the slate within 2 s, on the same timeline, and back without a new run', async () => {
  const { eventId, source } = await amphi.createEvent();
  const camera = await Camera.publish(source.streamKey);
  const follower = await follow(eventId);
  const runId = await runOf(eventId);
  await goOn(follower, 3);
  const droppedAt = performance.now();
  camera.drop();
  await untilStatus(eventId, 'interrupted');
  await goOn(follower, 9);
  expect(follower.longestWait(droppedAt)).toBeLessThan(2_000);
  const back = await Camera.publish(source.streamKey);
  await untilStatus(eventId, 'live');
  await goOn(follower, 9);
  await follower.stop();
  expectUnbroken(follower, eventId);
  expect(await runOf(eventId)).toBe(runId);
  back.drop();
});

it('a source that is connected and sends nothing keeps nobody else off the air', async () => {
  const { eventId, source } = await amphi.createEvent();
  const { streamKey } = await amphi.api<{ streamKey: string }>(
    'POST',
    `/api/events/${eventId}/sources`,
    { name: 'Silent', kind: 'rtmp' },
  );
  const camera = await Camera.publish(source.streamKey);
  await untilStatus(eventId, 'live');
  const silent = await code(streamKey);
  expect(silent.answer).toBe(STARTED);
  camera.drop();
  await untilStatus(eventId, 'interrupted');
  const back = await Camera.publish(source.streamKey);
  await untilStatus(eventId, 'live');
  expect(silent.client.isOpen).toBe(true);
  silent.client.destroy();
  back.drop();
});

it('a publisher that returns goes on air at its first key frame, at its own time', async () => {
  const { eventId, rtmpUrl } = await amphi.createEvent();
  const options = { size: '320x180', videoKbps: 200, gopSeconds: 4 };
  let publisher = new Publisher(rtmpUrl, options);
  const follower = await follow(eventId);
  const logged = (msg: string) => {
    const lines = amphi.log.filter((line) => line.includes(eventId) && line.includes(`"${msg}"`));
    return lines.map((line) => JSON.parse(line) as { time: number; shiftMs?: number });
  };
  for (let round = 1; round <= 2; round++) {
    await publisher.kill();
    await untilStatus(eventId, 'interrupted');
    await goOn(follower, 3);
    publisher = new Publisher(rtmpUrl, options);
    await until('the source to be on air', () => logged('source on air').length === round);
    const { time, shiftMs } = logged('source on air').at(-1)!;
    // Held back until the least delay is known, but for no key frame after the first.
    expect(time - logged('source connected').at(-1)!.time).toBeLessThan(2_500);
    expect(shiftMs).toBe(0);
    await goOn(follower, 3);
  }
  await publisher.kill();
  await follower.stop();
  expectUnbroken(follower, eventId);
});

it('take: another source goes on air at its key frame without a break in the timeline', async () => {
  const { eventId, source } = await amphi.createEvent();
  const second = await amphi.api<NewSource>('POST', `/api/events/${eventId}/sources`, {
    name: 'Second',
    kind: 'rtmp',
  });
  const red = await encode({ picture: 'color=red:size=256x144:rate=25', fps: 25, gopSeconds: 1 });
  const cameras = [
    await Camera.publish(source.streamKey),
    await Camera.publish(second.streamKey, red),
  ];
  const follower = await follow(eventId);
  const runId = await runOf(eventId);
  for (const { sourceId } of [second, source, second]) {
    await amphi.api('PUT', `/api/events/${eventId}/program`, { take: sourceId });
    await until(`${sourceId} to be on air`, async () => {
      const { source } = await amphi.api<{ source?: string }>(
        'GET',
        `/api/events/${eventId}/program`,
      );
      return source === sourceId;
    });
    await goOn(follower, 4);
  }
  // The one on air drops: the other stands in, without a slate.
  cameras[1]?.drop();
  await until('the first source to stand in', async () => {
    const { source: onAir } = await amphi.api<{ source?: string }>(
      'GET',
      `/api/events/${eventId}/program`,
    );
    return onAir === source.sourceId;
  });
  await goOn(follower, 4);
  await follower.stop();
  expectUnbroken(follower, eventId);
  expect(await runOf(eventId)).toBe(runId);
  cameras[0]?.drop();
});

describe('sources of every kind keep the channel alive', () => {
  interface Kind {
    name: string;
    tags: () => Promise<FlvTag[]>;
    replay?: ReplayOptions;
    /** Parts of 333 ms that must come. */
    parts?: number;
  }
  const hour = 3_600_000;
  const kinds: Kind[] = [
    { name: 'picture without sound', tags: () => encode({ audio: false }) },
    { name: 'sound without picture', tags: () => encode({ video: false }) },
    { name: 'B-frames', tags: () => encode({ bFrames: 3 }) },
    {
      name: 'an odd size',
      tags: () => encode({ filter: 'scale=319:181', extra: ['-pix_fmt', 'yuv444p'] }),
    },
    { name: 'a size that needs cropping, upright', tags: () => encode({ size: '182x326' }) },
    { name: 'key frames every second', tags: () => encode({ gopSeconds: 1 }) },
    {
      name: 'key frames every 3 s, 50 fps',
      tags: () => encode({ gopSeconds: 3, fps: 50, seconds: 12 }),
    },
    { name: 'key frames every 8 s', tags: () => encode({ gopSeconds: 8, seconds: 16 }), parts: 40 },
    {
      name: '23.976 fps',
      tags: () => encode({ picture: 'testsrc2=size=320x180:rate=24000/1001', fps: 24 }),
    },
    {
      name: '59.94 fps',
      tags: () => encode({ picture: 'testsrc2=size=320x180:rate=60000/1001', fps: 60 }),
    },
    {
      name: 'another picture size on the way',
      tags: sizeChange,
      replay: { loop: false },
      parts: 40,
    },
    {
      name: 'a 32-bit timestamp that wraps',
      tags: () => encode(),
      replay: { startMs: 2 ** 32 - 4_000 },
      parts: 24,
    },
    {
      name: 'a clock that jumps ahead and back',
      tags: () => encode(),
      replay: { stamp: (ms) => (ms > 4_000 && ms < 7_000 ? ms + hour : ms + 10_000) },
      parts: 30,
    },
    { name: 'mono sound at 44.1 kHz', tags: () => encode({ sampleRate: 44_100, channels: 1 }) },
    { name: 'HE-AAC', tags: heAac },
  ];
  it.concurrent.each(kinds)(
    '$name',
    { timeout: 120_000 },
    async ({ name, tags, replay, parts = 12 }) => {
      const file = await tags();
      const { eventId, source } = await amphi.createEvent({ title: name });
      const camera = await Camera.publish(source.streamKey, file, replay);
      const follower = await follow(eventId);
      await until(`${parts} parts`, () => follower.parts.length >= parts, 60_000);
      expect((await amphi.event(eventId)).status).toBe('live');
      await follower.stop();
      camera.drop();
      await amphi.api('DELETE', `/api/events/${eventId}`);
      expectUnbroken(follower, eventId);
    },
  );
});

/** Every four seconds another size, on one clock, with its own configuration. */
async function sizeChange(): Promise<FlvTag[]> {
  const files = await Promise.all(
    ['320x180', '640x360', '240x320', '320x180'].map((size) => encode({ size, seconds: 4 })),
  );
  return files.flatMap((tags, i) =>
    tags.map((tag) => ({ ...tag, timestampMs: tag.timestampMs + i * 4_000 })),
  );
}

/**
 * Spectral band replication as it is announced: 22.05 kHz in the frames, 44.1
 * out of the decoder. The extension data that frames may carry are missing,
 * which the standard allows.
 */
async function heAac(): Promise<FlvTag[]> {
  const tags = await encode({ sampleRate: 22_050, channels: 1, extra: ['-ar', '22050'] });
  // Object type 5 (SBR), 22,050 Hz, 1 channel, 44,100 Hz, object type 2 (LC).
  const config = Buffer.from('2b8a0800', 'hex');
  return tags.map((tag) =>
    tag.type === wire.AUDIO && tag.body[1] === 0
      ? { ...tag, body: media.audioConfigBody(config) }
      : tag,
  );
}
