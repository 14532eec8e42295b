import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '#base';
import { CallServerStage, freePorts, Instance, launchBrowser, Network, until } from '#support';
import { type Way, WebRtcPage } from '../pages/webrtc-page.ts';

const trouble = Network.trouble();
if (trouble !== undefined) console.warn(`reach: skipped, since ${trouble}`);

const UDP_BLOCKED = 'meta l4proto udp drop;';
const ENOUGH_FRAMES = 10;

const both = (way: object) => [expect.objectContaining(way), expect.objectContaining(way)];

/** A publisher and a viewer behind a router, and the server in front of it. */
describe.skipIf(trouble !== undefined)('a publisher and a viewer reach the call server', () => {
  let network: Network;
  let stage: CallServerStage;
  let amphi: Instance;
  let browser: Browser;
  let iceServers: RTCIceServer[];
  /** Of the call server, for what TURN servers send. */
  let relayPort: number;
  let publisher: WebRtcPage;
  let viewer: WebRtcPage;

  beforeAll(async () => {
    network = Network.open();
    const [turnPort = 0, forTurn = 0] = await freePorts(2);
    relayPort = forTurn;
    // Its coturn is what is of interest here, as Amphi starts it by itself.
    [stage, amphi, browser] = await Promise.all([
      CallServerStage.start({ address: network.server, tcp: true, relayPort }),
      Instance.start({
        env: {
          AMPHI_ROLES: 'callserver',
          AMPHI_HOST: network.server,
          AMPHI_TURN_SERVER: 'auto',
          AMPHI_TURN_PORT: String(turnPort),
        },
      }),
      launchBrowser('chromium', { executable: (path) => network.inside(path) }),
    ]);
    const secret = (await readFile(join(amphi.dataDir, 'keys', 'turn-secret'), 'utf8')).trim();
    const username = `${Math.floor(Date.now() / 1000) + 600}:test`;
    const credential = createHmac('sha1', secret).update(username).digest('base64');
    iceServers = ['udp', 'tcp'].map((protocol) => ({
      urls: `turn:${network.server}:${turnPort}?transport=${protocol}`,
      username,
      credential,
    }));
  });

  afterEach(async () => {
    await Promise.all([publisher?.close(), viewer?.close()]);
    await Promise.all([...stage.sessions.values()].map((session) => session.close()));
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([stage?.stop(), amphi?.stop()]);
    network?.close();
  });

  /** Our side of a pair by a relay may be called `prflx`; what leads to the relay is only told of such. */
  const relayed = (relayProtocol: 'udp' | 'tcp') => both({ protocol: 'udp', relayProtocol });

  const mediaBlocked = () => [
    `udp dport { ${stage.port}, ${relayPort} } drop;`,
    `tcp dport ${stage.port} drop;`,
  ];

  /** Publishes and plays; resolves with the ways of both once pictures have come. */
  async function call(configuration: RTCConfiguration = {}): Promise<(Way | undefined)[]> {
    publisher = await WebRtcPage.open(browser, stage.base);
    viewer = await WebRtcPage.open(browser, stage.base);
    for (const page of [publisher, viewer]) await page.configure(configuration);
    await publisher.publish('VP8', []);
    await until('media', async () => {
      const [session] = stage.sessions.values();
      const stats = await session?.stats();
      return stats?.producers.some(({ streams }) => streams.some(({ height }) => height > 0));
    });
    await viewer.play();
    await viewer.frames(ENOUGH_FRAMES);
    await viewer.pictureMoves();
    return Promise.all([publisher.way(), viewer.way()]);
  }

  it('behind a symmetric address translation: by UDP, though TCP is offered', async () => {
    network.filter([]);
    const direct = {
      protocol: 'udp',
      kind: expect.stringMatching('prflx|host'),
      remotePort: stage.port,
    };
    expect(await call()).toEqual(both(direct));
  });

  it('with all UDP blocked: by the TCP candidate', async () => {
    network.filter([UDP_BLOCKED]);
    const tcp = { protocol: 'tcp', remotePort: stage.port };
    const ways = await call();
    expect(ways).toEqual(both(tcp));
    expect(ways.map((way) => way?.kind)).not.toContain('relay');
    const { iceTcp } = await stage.worker.request('workerStats', {});
    expect(iceTcp?.connections).toBeGreaterThanOrEqual(2);
  });

  it('with UDP and the media ports blocked: by TURN over TCP', async () => {
    network.filter([UDP_BLOCKED, ...mediaBlocked()]);
    expect(await call({ iceServers })).toEqual(relayed('tcp'));
  });

  it('behind a symmetric address translation with the media ports blocked: by TURN over UDP', async () => {
    network.filter(mediaBlocked());
    expect(await call({ iceServers })).toEqual(relayed('udp'));
  });

  it('from another network in the middle of a call, after an ICE restart', async () => {
    network.filter([]);
    await call();
    const sessions = [...stage.sessions.keys()];
    network.move();
    expect(await Promise.all([publisher.restart(), viewer.restart()])).toEqual([200, 200]);
    await viewer.frames(ENOUGH_FRAMES).catch(async (cause) => {
      const [sent, seen] = await Promise.all([publisher.explain(), viewer.explain()]);
      throw new Error(`${messageOf(cause)}\npublisher: ${sent}\nviewer: ${seen}`, { cause });
    });
    await viewer.pictureMoves();
    expect([...stage.sessions.keys()]).toEqual(sessions);
  });
});

describe('a publisher and a viewer with IPv6 alone', () => {
  it('reach the call server at its IPv6 address', async () => {
    const stage = await CallServerStage.start({ address: '::1', tcp: true });
    const browser = await launchBrowser('chromium');
    try {
      const publisher = await WebRtcPage.open(browser, stage.base);
      await publisher.publish('VP8', []);
      const viewer = await WebRtcPage.open(browser, stage.base);
      await viewer.play();
      await viewer.frames(ENOUGH_FRAMES);
      const direct = { protocol: 'udp', remoteAddress: '::1', remotePort: stage.port };
      expect([await publisher.way(), await viewer.way()]).toEqual(both(direct));
    } finally {
      await browser.close();
      await stage.stop();
    }
  });
});
