import { createServer, type Server } from 'node:http';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ADMIN_TOKEN,
  Instance,
  launchBrowser,
  Publisher,
  type PublishOptions,
  seriousFindings,
  until,
} from '#support';
import { WatchPage } from '../pages/watch-page.ts';

/** Small pictures: all that is published here is encoded and shown on one machine at once. */
const SOURCE = { size: '426x240', videoKbps: 400 } as const;

let amphi: Instance;
let browser: Browser;
const publishers: Publisher[] = [];

function publish(rtmpUrl: string, options: PublishOptions = SOURCE): Publisher {
  const publisher = new Publisher(rtmpUrl, options);
  publishers.push(publisher);
  return publisher;
}

const watchUrl = (eventId: string, query = '') => `${amphi.base}/watch/${eventId}${query}`;

async function playToken(eventId: string): Promise<string> {
  const { token } = await amphi.api<{ token?: string }>('GET', `/api/play/${eventId}`);
  if (token === undefined) throw new Error('the host gets no token');
  return token;
}

beforeAll(async () => {
  amphi = await Instance.start();
  browser = await launchBrowser('chromium');
});

afterAll(async () => {
  await Promise.all(publishers.map((publisher) => publisher.kill()));
  await browser?.close();
  await amphi?.stop();
});

describe('the player', () => {
  let watch: WatchPage;
  let publisher: Publisher;
  let rtmpUrl: string;

  beforeAll(async () => {
    const event = await amphi.createEvent({ title: 'A matinée' });
    rtmpUrl = event.rtmpUrl;
    publisher = publish(rtmpUrl);
    watch = await WatchPage.open(browser, watchUrl(event.eventId));
    await watch.when('live', (s) => s.following && s.height > 0 && s.time > 0, 40_000);
    await watch.page.evaluate(() => Object.assign(window, { sameDocument: true }));
  });

  it.each(['in its middle', 'in its bar'])('is started by a press %s', async (where) => {
    const page = await (await browser.newContext()).newPage();
    const { pathname } = new URL(watch.page.url());
    await page.goto(`${amphi.base}${pathname.replace('watch', 'embed')}`);
    const start = page.locator('.amphi-start');
    await start.waitFor();
    // By the mouse: what lies above it would take the press.
    if (where === 'in its middle') await start.click();
    else await page.locator('.vjs-play-control').click();
    await page.waitForFunction(
      () => (document.querySelector<HTMLVideoElement>('video.vjs-tech')?.currentTime ?? 0) > 0.5,
    );
    await start.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  it('obeys the keyboard', async () => {
    const { page } = watch;
    await page.keyboard.press('Space');
    await watch.when('a pause', (s) => s.paused);
    await page.keyboard.press('k');
    await watch.when('going on', (s) => !s.paused);
    const muted = () =>
      page.evaluate(() => document.querySelector<HTMLVideoElement>('video.vjs-tech')?.muted);
    const before = await muted();
    await page.keyboard.press('m');
    await until('the other of sound and silence', async () => (await muted()) !== before);
    await page.keyboard.press('m');
  });

  it('shows the keys, keeps the focus in the sheet and gives it back', async () => {
    const { page } = watch;
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await sheet.getByText('Back to live').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    // What the sheet tells of works outside of it only.
    await page.keyboard.press('j');
    expect((await watch.state()).following).toBe(true);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
  });

  it('shows what goes on behind the picture', async () => {
    const { page } = watch;
    await page.keyboard.press('s');
    const panel = page.getByRole('region', { name: 'Statistics' });
    const value = (name: string) =>
      panel.locator('dt', { hasText: name }).locator('xpath=following-sibling::dd[1]').innerText();
    await until('the picture’s size', async () => (await value('Picture')).startsWith('426×240'));
    expect(await value('Target')).toMatch(/^\d\.\d\d s · live$/);
    expect(await panel.locator('output').first().innerText()).toMatch(/^\d+\.\d\d s$/);
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('s');
    await panel.waitFor({ state: 'hidden' });
  });

  it('previews what is kept, and goes there', async () => {
    const { page } = watch;
    const bar = page.getByRole('slider', { name: 'Position in the broadcast' });
    await until('something to go back to', async () => {
      await page.mouse.move(300 + Math.random() * 50, 300);
      return bar.isVisible();
    });
    const box = await until('the bar', async () => (await bar.boundingBox()) ?? undefined);
    const at = { x: box.x + box.width * 0.35, y: box.y + box.height / 2 };
    const picture = page.locator('.amphi-preview-picture');
    await until('a thumbnail', async () => {
      // The list of thumbnails is read when the pointer comes.
      await page.mouse.move(at.x, box.y - 120);
      await page.mouse.move(at.x, at.y);
      const width = () => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth);
      return (await picture.isVisible()) && (await width()) > 0;
    });
    await page.mouse.down();
    await page.mouse.up();
    await watch.when('the past', (s) => !s.following && (s.latencyMs ?? 0) > 4_000);
    await watch.pictureMoves();
    await page.keyboard.press('End');
    await watch.when('live again', (s) => s.following && !s.paused);
  });

  it('says that it will be back when the publisher drops, and is without a reload', async () => {
    const { page } = watch;
    await publisher.kill();
    const spoken = page.getByRole('status').filter({ hasText: 'Back in a moment' });
    await spoken.waitFor({ state: 'attached', timeout: 20_000 });
    const { time } = await watch.state();
    // The slate goes on where the picture ended.
    await watch.when('the slate', (s) => s.time > time + 1 && !s.paused, 20_000);
    publisher = publish(rtmpUrl);
    await spoken.waitFor({ state: 'detached', timeout: 20_000 });
    await watch.when('live again', (s) => s.following && s.view === 'playing', 20_000);
    await watch.pictureMoves();
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
    expect(watch.errors).toEqual([]);
    await watch.close();
    await publisher.kill();
  });

  it.each([
    ['picture', { ...SOURCE, audio: false }],
    ['sound', { video: false }],
  ] as const)('plays a source that sends %s alone', async (what, options) => {
    const { eventId, rtmpUrl } = await amphi.createEvent();
    const alone = publish(rtmpUrl, options);
    const page = await WatchPage.open(browser, watchUrl(eventId));
    const { time } = await page.when('a beginning', (s) => s.time > 0 && !s.paused, 40_000);
    await page.when('going on', (s) => s.time > time + 1.5 && s.following, 20_000);
    if (what === 'picture') await page.pictureMoves();
    else expect(await page.soundLevel()).toBeGreaterThan(0.005);
    expect(page.errors).toEqual([]);
    await page.close();
    await alone.kill();
  });
});

describe('a private event', () => {
  let eventId: string;
  let token: string;
  let outside: Server;
  let outsideUrl: string;

  beforeAll(async () => {
    const event = await amphi.createEvent({ title: 'Behind the curtain', visibility: 'private' });
    ({ eventId } = event);
    publish(event.rtmpUrl);
    token = await playToken(eventId);
    const address = `${amphi.base}/embed/${eventId}?autoplay&token=${token}`;
    outside = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html');
      res.end(embeddingPage(address));
    });
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
    const bound = outside.address();
    // Another host name than the server's: another site to the browser.
    outsideUrl = `http://localhost:${typeof bound === 'object' ? bound?.port : 0}/`;
  });

  afterAll(() => {
    outside?.close();
  });

  it('shows nothing to those without its token, not even its name', async () => {
    const watch = await WatchPage.open(browser, watchUrl(eventId));
    await watch.page.getByRole('heading', { name: 'This event is private' }).waitFor();
    expect(await watch.page.content()).not.toContain('Behind the curtain');
    await watch.close();
  });

  it('plays by its link, and the token comes into no log', async () => {
    const watch = await WatchPage.open(browser, watchUrl(eventId, `?token=${token}`));
    await watch.when('live', (s) => s.following && s.height > 0 && s.time > 0, 40_000);
    await watch.pictureMoves();
    expect(await watch.page.title()).toContain('Behind the curtain');
    await watch.close();
    expect(amphi.log.filter((line) => line.includes(token))).toEqual([]);
    expect(amphi.log.filter((line) => line.includes(ADMIN_TOKEN))).toEqual([]);
  });

  it('plays inside a page of another site, without cookies, and obeys that page', async () => {
    const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
    const page = await context.newPage();
    await page.goto(outsideUrl);
    await told(page, 'ready', (s) => s.eventId === eventId);
    await told(page, 'a picture', (s) => s.playing && s.live && s.view === 'playing');
    await ask(page, 'mute');
    await told(page, 'silence', (s) => s.muted);
    await ask(page, 'pause');
    await told(page, 'a pause', (s) => !s.playing && !s.live);
    await ask(page, 'live');
    await told(page, 'live again', (s) => s.playing && s.live && s.latencyMs !== null);
    await moves(page, context);
    expect(await context.cookies()).toEqual([]);
    await context.close();
  });
});

/** A page that puts the player into a frame and keeps what it says. */
const embeddingPage = (address: string): string => `<!doctype html><title>Another site</title>
<iframe id="frame" src="${address}" allow="autoplay; fullscreen" width="854" height="480"></iframe>
<script>
  window.states = [];
  addEventListener('message', ({ source, data }) => {
    if (source === frame.contentWindow && data?.amphi === 1) states.push(data.state);
  });
</script>`;

interface State {
  eventId: string;
  view: string;
  playing: boolean;
  muted: boolean;
  live: boolean;
  latencyMs: number | null;
}

/** Waits until the newest of what the frame has said is such. */
const told = (page: Page, what: string, is: (state: State) => boolean): Promise<State> =>
  until(
    what,
    async () => {
      const state = await page.evaluate(() =>
        (window as unknown as { states: State[] }).states.at(-1),
      );
      return state !== undefined && is(state) ? state : undefined;
    },
    30_000,
  );

const ask = (page: Page, command: string): Promise<void> =>
  page.evaluate((wanted) => {
    const frame = document.querySelector('iframe');
    frame?.contentWindow?.postMessage({ amphi: 1, do: wanted }, '*');
  }, command);

/** The picture in the frame changes. */
async function moves(page: Page, context: BrowserContext): Promise<void> {
  const [frame] = page.frames().filter((candidate) => candidate !== page.mainFrame());
  const frames = () =>
    frame?.evaluate(
      () =>
        document.querySelector<HTMLVideoElement>('video.vjs-tech')?.getVideoPlaybackQuality()
          .totalVideoFrames ?? 0,
    );
  const before = (await frames()) ?? 0;
  await until('more frames', async () => ((await frames()) ?? 0) > before);
  expect(context.pages()).toHaveLength(1);
}
