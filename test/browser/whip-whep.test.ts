import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessUnit } from '#callserver';
import {
  type BrowserName,
  CallServerStage,
  freePorts,
  LossyRelay,
  launchBrowser,
  until,
} from '#support';
import { WebRtcPage } from '../pages/webrtc-page.ts';

const SIMULCAST = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 100_000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 300_000 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 900_000 },
] as const;

let chromium: Browser;

beforeAll(async () => {
  chromium = await launchBrowser('chromium');
});

afterAll(async () => {
  await chromium?.close();
});

describe('a simulcast publisher in Chromium', () => {
  let stage: CallServerStage;
  let publisher: WebRtcPage;

  beforeAll(async () => {
    stage = await CallServerStage.start();
    publisher = await WebRtcPage.open(chromium, stage.base);
    await publisher.publish('VP8', SIMULCAST);
    const [session] = [...stage.sessions.values()];
    await until('all three streams', async () => {
      const stats = await session?.stats();
      const streams = stats?.producers.flatMap((producer) => producer.streams) ?? [];
      return streams.filter(({ live, height }) => live && height > 0).length === 3;
    });
  });

  afterAll(async () => {
    await publisher?.close();
    await stage?.stop();
  });

  describe.each<BrowserName>(['chromium', 'firefox'])('played in %s', (name) => {
    let browser: Browser;
    let viewer: WebRtcPage;

    beforeAll(async () => {
      browser = name === 'chromium' ? chromium : await launchBrowser(name);
      viewer = await WebRtcPage.open(browser, stage.base);
      await viewer.play();
    });

    afterAll(async () => {
      await viewer?.close();
      if (name !== 'chromium') await browser?.close();
    });

    it('moves and sounds', async () => {
      await viewer.height(540);
      await viewer.pictureMoves();
      await viewer.sound();
    });

    it('goes down and up through the streams without a hole in the numbering', async () => {
      const session = [...stage.sessions.values()].at(-1);
      for (const [rank, height] of [
        [0, 135],
        [1, 270],
        [2, 540],
      ] as const) {
        await session?.preferLayers(rank, 7);
        await viewer.height(height);
        await viewer.frames(30);
      }
      const video = await viewer.inbound('video');
      expect(video?.packetsLost).toBe(0);
    });

    it('ends when its resource is deleted', async () => {
      const before = stage.sessions.size;
      expect(await viewer.leave()).toBe(200);
      expect(stage.sessions.size).toBe(before - 1);
    });
  });
});

describe.each(['VP8', 'H264', 'VP9', 'AV1'])('one stream of %s from Chromium', (codec) => {
  let stage: CallServerStage;
  let publisher: WebRtcPage;

  beforeAll(async () => {
    stage = await CallServerStage.start();
    publisher = await WebRtcPage.open(chromium, stage.base);
    await publisher.publish(codec, []);
  });

  afterAll(async () => {
    await publisher?.close();
    await stage?.stop();
  });

  it('plays in Chromium', async () => {
    const viewer = await WebRtcPage.open(chromium, stage.base);
    await viewer.play();
    await viewer.frames(30);
    await viewer.pictureMoves();
    await viewer.sound();
    await viewer.close();
  });

  it.skipIf(codec === 'AV1')('comes out as whole access units with their time', async () => {
    for (const { producerId, parameters } of stage.router.producers) {
      const units: AccessUnit[] = [];
      const tap = await stage.router.tap(producerId);
      tap.on('unit', (unit) => units.push(unit));
      await until('units with a time', () => units.filter((u) => u.capturedUs).length > 20, 20_000);
      expect(units[0]?.key).toBe(true);
      const times = units.map(({ timestamp }) => timestamp);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(tap.lost).toBe(0);
      const last = units.at(-1);
      expect(Math.abs((last?.capturedUs ?? 0) / 1_000 - Date.now())).toBeLessThan(5_000);
      if (parameters.codec.name === 'H264') expect((units[0]?.payload[4] ?? 0) & 0x1f).toBe(7);
      await tap.close();
    }
  });
});

describe('a path that loses one packet in twenty each way', () => {
  let stage: CallServerStage;
  let relay: LossyRelay;
  let publisher: WebRtcPage;
  let viewer: WebRtcPage;

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    stage = await CallServerStage.start({ announcedPort: port });
    relay = await LossyRelay.start({ port, target: stage.port, loss: 0.05, delayMs: 20 });
    publisher = await WebRtcPage.open(chromium, stage.base);
    await publisher.publish('VP8', []);
    viewer = await WebRtcPage.open(chromium, stage.base);
    await viewer.play();
  });

  afterAll(async () => {
    await viewer?.close();
    await publisher?.close();
    relay?.close();
    await stage?.stop();
  });

  it('is repaired from publisher to server and from server to viewer', async () => {
    await viewer.frames(200, 40_000);
    const [up, down] = [...stage.sessions.values()];
    const [incoming] =
      (await up?.stats())?.producers.flatMap(({ streams }) =>
        streams.filter(({ height }) => height > 0),
      ) ?? [];
    const outgoing = (await down?.stats())?.consumers ?? [];
    expect(relay.dropped).toBeGreaterThan(20);
    expect(incoming?.repaired).toBeGreaterThan(0);
    expect(incoming?.lost).toBeLessThan((incoming?.packets ?? 0) * 0.01);
    expect(outgoing.some(({ resent }) => resent > 0)).toBe(true);
    // What comes again on the SSRC of retransmissions does not make up for loss in the browser's count.
    const { packetsLost = 0, retransmittedPacketsReceived = 0 } =
      (await viewer.inbound('video')) ?? {};
    expect(packetsLost).toBeGreaterThan(0);
    expect(retransmittedPacketsReceived).toBeGreaterThan(packetsLost * 0.8);
  });
});
