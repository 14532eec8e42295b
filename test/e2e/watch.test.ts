import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserName, Instance, launchBrowser, Publisher, until } from '#support';
import { WatchPage } from '../pages/watch-page.ts';

/** Small pictures: the machine decodes, encodes three times and shows them all at once. */
const SOURCE = { size: '640x360', videoKbps: 800 } as const;

let amphi: Instance;
let main: { eventId: string; publisher: Publisher };

beforeAll(async () => {
  amphi = await Instance.start();
  const { eventId, rtmpUrl } = await amphi.createEvent({ title: 'A night at the theatre' });
  main = { eventId, publisher: new Publisher(rtmpUrl, SOURCE) };
  // By the time of the first test there is something to go back to.
  await until(
    'some seconds of programme',
    async () => {
      const playlist = await fetch(`${amphi.base}/hls/${eventId}/360p/media.m3u8`);
      return ((await playlist.text()).match(/#EXTINF/g) ?? []).length >= 8;
    },
    60_000,
  );
});

afterAll(async () => {
  await main?.publisher.kill();
  await amphi?.stop();
});

const watchUrl = (eventId: string, query = '') => `${amphi.base}/watch/${eventId}${query}`;

describe.each<BrowserName>(['chromium', 'firefox'])('the watch page in %s', (name) => {
  let browser: Browser;
  let watch: WatchPage;

  beforeAll(async () => {
    browser = await launchBrowser(name);
    watch = await WatchPage.open(browser, watchUrl(main.eventId));
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('plays live with picture and sound', async () => {
    await watch.when('live', (s) => s.following && !s.paused && s.height > 0 && s.time > 0, 20_000);
    await watch.pictureMoves();
    expect(await watch.soundLevel()).toBeGreaterThan(0.005);
    await watch.when('little delay', (s) => (s.latencyMs ?? 1e9) < 2_500, 20_000);
    expect(await watch.page.title()).toContain('A night at the theatre');
    expect(await watch.page.locator('h1').textContent()).toBe('A night at the theatre');
  });

  it('switches to every rung that is chosen', async () => {
    for (const [label, height] of [
      ['240p', 240],
      ['360p', 360],
    ] as const) {
      await watch.choose(label);
      await watch.when(label, (s) => s.height === height && !s.paused);
    }
    await watch.choose('Audio only');
    await watch.when('sound alone', (s) => s.soundOnly && s.height === 0);
    const { time } = await watch.when('a beginning', (s) => s.time > 0 && !s.paused);
    await watch.when('sound going on', (s) => s.time > time + 1);
    await watch.choose('Auto');
    await watch.when('a picture again', (s) => !s.soundOnly && s.height > 0);
    await watch.pictureMoves();
  });

  it('has a picture before the player is there', async () => {
    const page = await (await browser.newContext()).newPage();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/\/playback-[^/]*\.js$/, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(watchUrl(main.eventId), { waitUntil: 'commit' });
    const first = page.locator('#stage > video');
    await page.waitForFunction(
      () => (document.querySelector<HTMLVideoElement>('#stage > video')?.currentTime ?? 0) > 0,
    );
    const shown = await first.evaluate((el: HTMLVideoElement) => ({
      height: el.videoHeight,
      muted: el.muted,
      player: document.querySelector('.amphi-player') !== null,
    }));
    expect(shown).toEqual({ height: 360, muted: true, player: false });
    release();
    // The player takes its place, and plays.
    await first.waitFor({ state: 'detached' });
    await page.waitForFunction(() => {
      const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
      return video !== null && !video.paused && video.readyState >= 3;
    });
    await page.context().close();
  });

  it('goes back in the broadcast and returns to live', async () => {
    await watch.page.keyboard.press('j');
    await watch.when('the past', (s) => !s.following && (s.latencyMs ?? 0) > 8_000);
    await watch.pictureMoves();
    await watch.page.mouse.move(400, 300);
    await watch.page.getByRole('button', { name: 'Go live' }).click();
    await watch.when('live again', (s) => s.following && (s.latencyMs ?? 1e9) < 3_000);
    await watch.pictureMoves();
    expect(watch.errors).toEqual([]);
  });
});

describe('the watch page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser('chromium');
  });

  afterAll(async () => {
    await browser?.close();
  });

  it.each(['edge', 'origin'])('plays on without a reload after its %s was killed', async (name) => {
    const watch = await WatchPage.open(browser, watchUrl(main.eventId));
    await watch.when('live', (s) => s.height > 0 && s.time > 0);
    await watch.page.evaluate(() => Object.assign(window, { sameDocument: true }));
    const { latencyMs: before = 0 } = await watch.state();
    const killed = await amphi.pid(name);
    process.kill(killed, 'SIGKILL');
    await until(`another ${name}`, async () => (await amphi.pid(name)) !== killed, 20_000);
    const { time } = await watch.state();
    // Further on than anything that was buffered before.
    await watch.when('live after the break', (s) => s.time > time + 4 && s.following, 40_000);
    await watch.when('little delay', (s) => (s.latencyMs ?? 1e9) < before + 2_500, 20_000);
    await watch.pictureMoves();
    expect(await watch.page.evaluate(() => 'sameDocument' in window)).toBe(true);
    expect(watch.errors).toEqual([]);
    await watch.close();
  });

  it('goes on with what is left when the rung that is watched is given up', async () => {
    const watch = await WatchPage.open(browser, watchUrl(main.eventId));
    await watch.choose('360p');
    const { time } = await watch.when('the rung', (s) => s.height === 360 && s.time > 1);
    await watch.page.route(/\/360p\//, (route) => route.fulfill({ status: 404 }));
    await watch.page.route(/\/master\.m3u8/, async (route) => {
      const response = await route.fetch();
      const text = await response.text();
      const body = text.replace(/#EXT-X-STREAM-INF[^\n]*\n360p[^\n]*\n/, '');
      await route.fulfill({ response, body });
    });
    await watch.when('another rung', (s) => s.height === 240 && !s.paused, 10_000);
    await watch.pictureMoves();
    expect((await watch.state()).time).toBeGreaterThan(time);
    await watch.close();
  });

  it('begins by itself when the event does, and says when it is over', async () => {
    const { eventId, rtmpUrl } = await amphi.createEvent({ title: 'A première' });
    const watch = await WatchPage.open(browser, watchUrl(eventId));
    await watch.when('waiting', (s) => s.view === 'soon');
    await watch.page.getByText('Starting soon').first().waitFor();
    const publisher = new Publisher(rtmpUrl, SOURCE);
    try {
      await watch.when('the beginning', (s) => s.view === 'playing' && s.height > 0, 30_000);
      await watch.pictureMoves();
      await amphi.api('PATCH', `/api/events/${eventId}`, { title: 'A première, continued' });
      await amphi.api('PATCH', `/api/events/${eventId}`, { status: 'ended' });
      await watch.when('the end', (s) => s.view === 'ended', 20_000);
      await watch.page.getByText('This event has ended').first().waitFor();
      const late = await WatchPage.open(browser, watchUrl(eventId));
      await late.page.getByRole('button', { name: 'Watch again' }).click();
      await late.when('the beginning', (s) => s.time > 0.5 && !s.paused && s.height > 0);
      await late.close();
    } finally {
      await publisher.kill();
      await watch.close();
    }
  });

  it('says so when there is no such event', async () => {
    const watch = await WatchPage.open(browser, watchUrl('nowhere'));
    await watch.page.getByRole('heading', { name: 'No such event' }).waitFor();
    await watch.close();
  });
});
