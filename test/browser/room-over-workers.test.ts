import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RoomNotice } from '#contracts';
import type { RoomMedia } from '#platform';
import { Instance, launchBrowser, RoomOwner, until } from '#support';
import { RoomPage } from '../pages/room-page.ts';

const HUE = 210;

let owner: RoomOwner;
let browser: Browser;

beforeAll(async () => {
  owner = await RoomOwner.start();
  browser = await launchBrowser('chromium');
});

afterAll(async () => {
  await browser?.close();
  await owner?.stop();
});

/** A node with so many workers, of which each takes one session of a room. */
const node = (workers: number): Promise<Instance> =>
  Instance.start({
    env: {
      ...owner.env,
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
      async () => (await owner.nodes.nodes('callserver')).length === workers.length,
    );
    room = await owner.openRoom('wide');
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
