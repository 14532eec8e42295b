import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SendingSession } from '#callserver';
import { type BrowserName, CallServerStage, launchBrowser } from '#support';
import { RoomPage } from '../pages/room-page.ts';

const CAMERA = 0;
const SCREEN = 120;
/** Two busy cores; a renegotiation that touched the packets would cost a key frame, or seconds. */
const MAX_GAP_MS = 400;

let chromium: Browser;
let stage: CallServerStage;

beforeAll(async () => {
  chromium = await launchBrowser('chromium');
  stage = await CallServerStage.start();
});

afterAll(async () => {
  await chromium?.close();
  await stage?.stop();
});

describe.each<BrowserName>(['chromium', 'firefox'])('a session in %s', (name) => {
  let browser: Browser;
  let sender: RoomPage;
  let receiver: RoomPage;
  let session: SendingSession;

  beforeAll(async () => {
    browser = name === 'chromium' ? chromium : await launchBrowser(name);
    sender = await RoomPage.open(browser, stage.base);
    receiver = await RoomPage.open(browser, stage.base);
  });

  afterAll(async () => {
    if (name !== 'chromium') await browser?.close();
    else await Promise.all([sender.close(), receiver.close()]);
  });

  it('is connected before there is anything to receive, and takes what comes and goes', async () => {
    const want = await receiver.receive(stage.router);
    await receiver.connected();

    session = await sender.send(stage.router, CAMERA);
    const [camera] = session.producers.map(({ producerId }) => producerId);
    const [mid = ''] = await want([camera!]);
    await receiver.hue(mid, CAMERA);

    // A further section, on either side: what flows is not touched.
    await receiver.takeLongestGapMs(mid);
    await sender.addPicture(SCREEN);
    const [same, screen] = session.producers.map(({ producerId }) => producerId);
    expect(same).toBe(camera);
    const [, second = ''] = await want([camera!, screen!]);
    await receiver.hue(second, SCREEN);
    expect(await receiver.takeLongestGapMs(mid)).toBeLessThan(MAX_GAP_MS);

    // The section of what is wanted no more is given to another.
    const sections = await receiver.sections();
    expect(await want([screen!])).toEqual([second]);
    expect(await want([])).toEqual([]);
    expect(await want([screen!])).toEqual([mid]);
    await receiver.hue(mid, SCREEN);
    expect(await receiver.sections()).toBe(sections);
    await session.close();
  });
});
