import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserName, Instance, launchBrowser, until } from '#support';
import { CameraPage } from './camera-page.ts';
import { WatchPage } from './watch-page.ts';

let amphi: Instance;

beforeAll(async () => {
  amphi = await Instance.start();
});

afterAll(async () => {
  await amphi?.stop();
});

describe.each<[BrowserName, string | undefined]>([
  ['chromium', undefined],
  ['chromium', 'VP9'],
  ['firefox', undefined],
])('a camera in %s (%s) by WHIP', (name, codec) => {
  let browser: Browser;
  let camera: CameraPage;
  let eventId: string;

  beforeAll(async () => {
    const made = await amphi.createEvent();
    eventId = made.eventId;
    browser = await launchBrowser(name, { fakeDevices: true });
    camera = await CameraPage.open(browser, amphi.base);
    const { status, location } = await camera.publish({
      whipUrl: `${amphi.base}/whip/${eventId}`,
      streamKey: made.source.streamKey,
      ...(codec === undefined ? {} : { codec }),
    });
    expect(status).toBe(201);
    expect(location).toMatch(new RegExp(`^/whip/${eventId}/${made.source.sourceId}/`));
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('is seen moving and heard on the watch page', async () => {
    await until('live', async () => (await amphi.event(eventId)).status === 'live', 20_000);
    const watch = await WatchPage.open(browser, `${amphi.base}/watch/${eventId}`);
    await watch.when('live', (s) => s.following && !s.paused && s.height > 0 && s.time > 0, 20_000);
    await watch.pictureMoves();
    expect(await watch.soundLevel(20_000)).toBeGreaterThan(0.005);
    await watch.close();
  });
});
