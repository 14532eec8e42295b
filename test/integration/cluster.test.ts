import { afterAll, beforeAll, expect, it } from 'vitest';
import { Follower, Instance, Publisher, RedisServer, until } from '#support';

/** Roles on "machines" of their own: separate supervisors and data folders, one Redis, one secret. */

const SECRET = 'one-secret-for-all-the-nodes-of-the-cluster';
let redis: RedisServer;
let main: Instance;
let workers: Instance[];
let relays: Instance[];

beforeAll(async () => {
  redis = await RedisServer.start();
  const shared = { AMPHI_REDIS_URL: redis.url, AMPHI_CLUSTER_SECRET: SECRET };
  main = await Instance.start({
    env: { ...shared, AMPHI_ROLES: 'api,ingest,edge', AMPHI_RUNGS_PER_JOB: '2' },
  });
  const worker = () =>
    Instance.start({
      env: { ...shared, AMPHI_ROLES: 'transcode', AMPHI_TRANSCODE_WORKERS: '1' },
    });
  workers = await Promise.all([worker(), worker()]);
  // The first relay knows the origin's machine, the second knows only the first.
  const relay = (parent: Instance) =>
    Instance.start({
      env: { AMPHI_ROLES: 'edge', AMPHI_EDGE_UPSTREAM: parent.base, AMPHI_CLUSTER_SECRET: SECRET },
    });
  const first = await relay(main);
  relays = [first, await relay(first)];
});

afterAll(async () => {
  for (const instance of [...relays, ...workers, main]) await instance.stop();
  await redis.stop();
});

it('spreads the rungs of an event over workers on other machines, and stacks relays', async () => {
  const { eventId, rtmpUrl } = await main.createEvent();
  const publisher = new Publisher(rtmpUrl, { size: '854x480' });
  const names = (text: string) => [...text.matchAll(/NAME="([^"]+)"/g)].map(([, name]) => name);
  for (const instance of [main, ...relays]) {
    const master = await until('the whole ladder', async () => {
      const response = await fetch(`${instance.base}/hls/${eventId}/master.m3u8`);
      const text = await response.text();
      return response.ok && names(text).length === 4 ? text : undefined;
    });
    expect(names(master)).toEqual(['480p', '360p', '240p', 'audio']);
  }
  const jobs = (instance: Instance) =>
    instance.log.filter((line) => line.includes('transcoding begins')).length;
  expect(workers.map(jobs).reduce((a, b) => a + b)).toBe(2);

  // All rungs cut at the same places, whoever made them.
  const followers = ['480p', '240p'].map(
    (rung) => new Follower(`${relays[1]!.base}/hls/${eventId}/${rung}`),
  );
  for (const follower of followers) follower.start();
  // Two rungs may be some parts apart on a busy machine.
  const starts = () => followers.map(({ parts }) => new Map(parts.map((p) => [p.uri, p.start])));
  const { common, upper, lower } = await until('the same parts through two relays', () => {
    const [upper, lower] = starts();
    const common = [...upper!.keys()].filter((uri) => lower!.has(uri));
    return common.length >= 8 ? { common, upper, lower } : undefined;
  });
  for (const uri of common) expect(upper!.get(uri)).toBe(lower!.get(uri));

  // A machine dies with its worker: the other one takes the job when its lock has run out.
  const owner = workers.find((instance) => jobs(instance) > 0)!;
  const at = performance.now();
  owner.process.kill('SIGKILL');
  const before = followers.map(({ parts }) => parts.length);
  await until(
    'both rungs to go on',
    () => followers.every(({ parts }, i) => parts.length >= before[i]! + 30),
    40_000,
  );
  for (const follower of followers) {
    await follower.stop();
    expect(follower.faults).toEqual([]);
    expect(follower.longestWait(at)).toBeLessThan(15_000);
  }
  await publisher.kill();
});
