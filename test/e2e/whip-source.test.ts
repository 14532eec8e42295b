import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewSource } from '#contracts';
import {
  ADMIN_TOKEN,
  type BrowserName,
  childrenOf,
  Follower,
  Instance,
  launchBrowser,
  Publisher,
  seriousFindings,
  until,
} from '#support';
import { CameraPage } from '../pages/camera-page.ts';
import { WatchPage } from '../pages/watch-page.ts';

let amphi: Instance;

/**
 * So long a part may be waited for that is due every third of a second. With
 * cores to spare it is half a second; here browsers and encoders share two.
 */
const STALL_MS = 5_000;

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

const untilStatus = (eventId: string, status: string, timeoutMs = 20_000) =>
  until(
    `status ${status}`,
    async () => (await amphi.event(eventId)).status === status,
    timeoutMs,
    100,
  );

const sourceNow = async (eventId: string, sourceId: string) =>
  (await amphi.event(eventId)).sources.find((source) => source.sourceId === sourceId)?.health;

/** Follows the sole small rung once it is there. */
async function follow(eventId: string): Promise<Follower> {
  await until('a playlist', async () => {
    const answer = await fetch(`${amphi.base}/hls/${eventId}/240p/media.m3u8`);
    return answer.ok && (await answer.text()).includes('#EXT-X-PART:');
  });
  const follower = new Follower(`${amphi.base}/hls/${eventId}/240p`);
  follower.start();
  return follower;
}

/** Waits until so many more parts have come. */
const goOn = (follower: Follower, parts: number, timeoutMs = 15_000) => {
  const enough = follower.parts.length + parts;
  return until(`${parts} more parts`, () => follower.parts.length >= enough, timeoutMs);
};

async function unbroken(follower: Follower): Promise<void> {
  await follower.stop();
  expect(follower.faults).toEqual([]);
  expect(follower.gaps).toBe(0);
  const told = amphi.log.filter((line) => /transcod|program|source/.test(line)).slice(-20);
  expect(follower.seams(), told.join('\n')).toEqual([]);
  expect(follower.seams('sound'), told.join('\n')).toEqual([]);
}

it('takes another project’s WHIP client, its candidates and its end', async () => {
  const { eventId, source } = await amphi.createEvent();
  const browser = await launchBrowser('chromium', { fakeDevices: true });
  try {
    const camera = await CameraPage.open(browser, amphi.base);
    const whipUrl = `${amphi.base}/whip/${eventId}`;
    const { patches } = await camera.publishByOther({ whipUrl, streamKey: source.streamKey });
    await untilStatus(eventId, 'live');
    await until('its candidates', () => patches.length > 0);
    expect(patches.every((status) => status === 204)).toBe(true);
    await camera.stopOther();
    await until(
      'its end',
      async () => (await sourceNow(eventId, source.sourceId))?.connected === false,
      2_000,
    );
  } finally {
    await browser.close();
  }
});

describe.each<[string, string]>([
  ['H.264', 'H264'],
  ['VP8', 'VP8'],
])('a program of an RTMP encoder and a %s camera', (_name, codec) => {
  let browser: Browser;
  let camera: CameraPage;
  let publisher: Publisher;
  let follower: Follower;
  let eventId: string;
  let encoder: NewSource;
  let device: NewSource;

  beforeAll(async () => {
    const made = await amphi.createEvent();
    eventId = made.eventId;
    encoder = made.source;
    device = await amphi.api<NewSource>('POST', `/api/events/${eventId}/sources`, {
      name: 'Camera',
      kind: 'whip',
    });
    publisher = new Publisher(made.rtmpUrl, { size: '640x360', videoKbps: 600 });
    browser = await launchBrowser('chromium', { fakeDevices: true });
    await untilStatus(eventId, 'live');
    camera = await CameraPage.open(browser, amphi.base);
    const { status } = await camera.publish({
      whipUrl: device.whipUrl ?? '',
      streamKey: device.streamKey,
      codec,
    });
    expect(status).toBe(201);
    await until('a camera with picture and sound', async () => {
      const health = await sourceNow(eventId, device.sourceId);
      return health?.video !== undefined && health.audio !== undefined;
    });
    follower = await follow(eventId);
    await goOn(follower, 3);
  });

  afterAll(async () => {
    await publisher?.kill();
    await follower?.stop();
    await browser?.close();
  });

  const take = async (sourceId: string) => {
    await amphi.api('PUT', `/api/events/${eventId}/program`, { take: sourceId });
    await until('the take', async () => (await amphi.event(eventId)).onAir === sourceId, 6_000);
    await goOn(follower, 6);
  };

  it('has key frames at least every two seconds', async () => {
    await until('two key frames', async () => {
      const { gopSeconds } = (await sourceNow(eventId, device.sourceId))?.video ?? {};
      return gopSeconds !== undefined && gopSeconds <= 2.2;
    });
  });

  it('switches between them without a stall or a hole', async () => {
    const begunMs = performance.now();
    for (let round = 0; round < 2; round++) {
      await take(device.sourceId);
      await take(encoder.sourceId);
    }
    await take(device.sourceId);
    expect(follower.longestWait(begunMs)).toBeLessThan(STALL_MS);
  });

  it('goes on when the camera changes its size', async () => {
    const begunMs = performance.now();
    await camera.scaleDown(2);
    await until(
      'the small picture',
      async () => (await sourceNow(eventId, device.sourceId))?.video?.height === 180,
    );
    await goOn(follower, 4);
    await camera.scaleDown(1);
    await until(
      'the large picture',
      async () => (await sourceNow(eventId, device.sourceId))?.video?.height === 360,
    );
    await goOn(follower, 4);
    expect(follower.longestWait(begunMs)).toBeLessThan(STALL_MS);
  });

  it('falls back to the other source when the camera is gone without a word', async () => {
    await camera.vanish();
    await until(
      'the other source on air',
      async () => (await amphi.event(eventId)).onAir === encoder.sourceId,
    );
    await goOn(follower, 6);
    await unbroken(follower);
  });
});

describe('the studio’s camera', () => {
  let browser: Browser;
  let eventId: string;

  beforeAll(async () => {
    eventId = (await amphi.createEvent()).eventId;
    browser = await launchBrowser('chromium', { fakeDevices: true });
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('shows itself, mutes, and says what went wrong, for everybody and on a phone', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await page.goto(`${amphi.base}/studio/${eventId}#token=${ADMIN_TOKEN}`);
    await page.getByRole('button', { name: 'Use this camera' }).click();
    const preview = page.getByLabel('Your camera as it is sent');
    await until('the preview', () =>
      preview.evaluate((video) => (video as HTMLVideoElement).videoWidth > 0),
    );
    const level = page.getByRole('meter', { name: 'Microphone level' });
    await until(
      'a level',
      async () => Number(await level.evaluate((m) => (m as HTMLMeterElement).value)) > 0,
    );
    await page.getByRole('button', { name: 'Mute' }).click();
    expect(await page.getByRole('button', { name: 'Mute' }).getAttribute('aria-pressed')).toBe(
      'true',
    );
    await until(
      'silence',
      async () => Number(await level.evaluate((m) => (m as HTMLMeterElement).value)) === 0,
    );
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => {
        document.documentElement.dataset['theme'] = name;
      }, theme);
      expect(await seriousFindings(page)).toEqual([]);
    }
    const { scrollWidth, clientWidth } = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { scrollWidth, clientWidth };
    });
    expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
    // The event ends under it.
    await amphi.api('PATCH', `/api/events/${eventId}`, { status: 'ended' });
    await page.getByText('The event has ended: open it again to send to it.').waitFor();
    await amphi.api('PATCH', `/api/events/${eventId}`, { status: 'idle' });
    await context.close();
  });

  it('goes on air, and comes back by itself when its worker is killed, while viewers go on', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${amphi.base}/studio/${eventId}#token=${ADMIN_TOKEN}`);
    await page.getByRole('button', { name: 'Use this camera' }).click();
    await page.getByRole('button', { name: 'Start sending' }).click();
    await page.locator('.camera-state', { hasText: /^Sending$/ }).waitFor({ timeout: 10_000 });
    await untilStatus(eventId, 'live');
    const follower = await follow(eventId);
    await goOn(follower, 6);
    const begunMs = performance.now();
    for (const pid of await childrenOf(await amphi.pid('callserver'), 'node')) {
      process.kill(pid, 'SIGKILL');
    }
    await untilStatus(eventId, 'interrupted', 5_000);
    await untilStatus(eventId, 'live', 12_000);
    await page.locator('.camera-state', { hasText: /^Sending$/ }).waitFor();
    await goOn(follower, 6);
    expect(follower.longestWait(begunMs)).toBeLessThan(STALL_MS);
    await page.getByRole('button', { name: 'Stop sending', exact: true }).click();
    await untilStatus(eventId, 'interrupted', 3_000);
    await unbroken(follower);
    await context.close();
  });
});
