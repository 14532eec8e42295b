import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '#callserver';
import { CallServerStage, launchBrowser, until } from '#support';
import { WebRtcPage } from '../pages/webrtc-page.ts';

const HEIGHT = 540;
const MAX_BITRATE = 1_200_000;
/** A key frame, and what two busy cores add. */
const MAX_FREEZE_MS = 500;

let chromium: Browser;

beforeAll(async () => {
  chromium = await launchBrowser('chromium');
});

afterAll(async () => {
  await chromium?.close();
});

describe.each([
  ['VP9', 'L3T3_KEY'],
  ['AV1', 'L3T3'],
])('Chromium publishes %s in %s', (codec, scalabilityMode) => {
  let stage: CallServerStage;
  let publisher: WebRtcPage;
  let viewer: WebRtcPage;
  let session: Session;

  beforeAll(async () => {
    stage = await CallServerStage.start();
    publisher = await WebRtcPage.open(chromium, stage.base);
    await publisher.publish(codec, [{ scalabilityMode, maxBitrate: MAX_BITRATE }]);
    viewer = await WebRtcPage.open(chromium, stage.base);
    await viewer.play();
    session = [...stage.sessions.values()].at(-1) as Session;
    await viewer.frames(10);
  });

  afterAll(async () => {
    await viewer?.close();
    await publisher?.close();
    await stage?.stop();
  });

  const rank = async () =>
    Math.max(...(await session.stats()).consumers.map((consumer) => consumer.rank));

  it('a receiver that is limited to lower layers sees a smaller picture, and all of it again when it is not', async () => {
    await until('all layers', async () => (await rank()) === 2, 30_000);
    await viewer.height(HEIGHT, 30_000);
    await viewer.takeLongestGapMs();
    await session.preferLayers(0, 7);
    // Encoders make sizes even.
    await viewer.height(HEIGHT / 4 + 1);
    await viewer.frames(30);
    expect(await viewer.takeLongestGapMs()).toBeLessThan(MAX_FREEZE_MS);
    expect(await rank()).toBe(0);
    await session.preferLayers(7, 7);
    await viewer.height(HEIGHT, 30_000);
    await viewer.frames(30);
    expect(await viewer.takeLongestGapMs()).toBeLessThan(MAX_FREEZE_MS);
  });
});
