import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import type { RoomNotice } from '#contracts';
import {
  connectRedis,
  NodeClient,
  NodeRegistry,
  type Redis,
  RoomMedia,
  TokenIssuer,
} from '#platform';
import { Instance, launchBrowser, RedisServer, until } from '#support';
import { RoomPage } from './room-page.ts';

const SECRET = 'one-secret-for-all-the-nodes-of-the-cluster';
const HUE = 210;

let server: RedisServer;
let redis: Redis;
let nodes: NodeClient;
let browser: Browser;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = connectRedis(server.url, { log: silentLogger });
  const registry = new NodeRegistry(redis, silentLogger);
  nodes = new NodeClient({ registry, tokens: new TokenIssuer(SECRET), nodeId: 'signalling' });
  browser = await launchBrowser('chromium');
});

afterAll(async () => {
  await browser?.close();
  redis?.disconnect();
  await server?.stop();
});

/** A node with so many workers, of which each takes one session of a room. */
const node = (workers: number): Promise<Instance> =>
  Instance.start({
    env: {
      AMPHI_REDIS_URL: server.url,
      AMPHI_CLUSTER_SECRET: SECRET,
      AMPHI_ROLES: 'callserver',
      AMPHI_MEDIA_WORKERS: String(workers),
      AMPHI_MEDIA_WORKER_SESSIONS: '1',
    },
  });

describe.each([
  ['two workers of one node', [2]],
  ['two nodes', [1, 1]],
])('a room over %s', (_what, workers) => {
  let instances: Instance[];
  let room: RoomMedia;

  beforeAll(async () => {
    instances = await Promise.all(workers.map(node));
    await until(
      'all nodes',
      async () => (await nodes.nodes('callserver')).length === workers.length,
    );
    room = await RoomMedia.open({ nodes, roomId: 'wide', fence: 1, log: silentLogger });
  });

  afterAll(async () => {
    await room?.end();
    for (const instance of instances) await instance.stop();
  });

  it('is seen from one to the other', async () => {
    const notices: RoomNotice[] = [];
    room.on('notice', (notice) => notices.push(notice));
    const [sender, receiver] = [await RoomPage.open(browser), await RoomPage.open(browser)];
    const labels = { 0: 'camera' } as const;
    let producerId = '';
    sender.negotiateWith(async (offer) => {
      const sent = await room.command('send', { participantId: 'ann', offer, labels });
      producerId = sent.producers[0]?.producerId ?? '';
      return sent.answer;
    });
    await sender.addPicture(HUE);
    let ports: string[] = [];
    receiver.negotiateWith(async (offer) => {
      const wanted = [producerId];
      const received = await room.command('receive', { participantId: 'bob', offer, wanted });
      expect(received.sections).toEqual([{ mid: '0', producerId }]);
      ports = [received.answer, await sender.answer()].map(
        (sdp) => /^a=candidate:\S+ 1 udp \d+ \S+ (\d+)/m.exec(sdp)?.[1] ?? '',
      );
      return received.answer;
    });
    await receiver.offer('video', 1);
    expect(new Set(ports).size).toBe(2);
    await receiver.hue('0', HUE);
    const stats = await until('a summary', () =>
      notices.find((one) => one.notice === 'stats' && one.sessions.length === 2),
    );
    expect(stats.notice).toBe('stats');
    await Promise.all([sender.close(), receiver.close()]);
  });
});
