import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, createLogger, raiseWarning } from '#platform';
import { ADMIN_TOKEN, Instance, launchBrowser, Publisher, seriousFindings, until } from '#support';

let amphi: Instance;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const publishers: Publisher[] = [];
/** Every address that a page asked for. */
const asked: string[] = [];
const complaints: string[] = [];

const PICTURE = { size: '640x360', fps: 30, videoKbps: 1200 };
/** What a page does by itself within its own second or two; a failure does not take a minute to show. */
const PATIENCE_MS = 8_000;
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

beforeAll(async () => {
  amphi = await Instance.start();
  browser = await launchBrowser('chromium');
  context = await browser.newContext({ viewport: DESK });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await context.newPage();
  watch(page);
});

afterAll(async () => {
  await Promise.all(publishers.map((publisher) => publisher.kill()));
  await browser?.close();
  await amphi?.stop();
});

afterEach(() => {
  expect(complaints.splice(0)).toEqual([]);
});

function watch(watched: Page): void {
  watched.on('request', (request) => asked.push(request.url()));
  watched.on('pageerror', (error) => complaints.push(error.message));
  watched.on('console', (message) => {
    // What is answered with a status other than 200 may be just what the page asks for.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      complaints.push(message.text());
    }
  });
}

const open = (path: string) => page.goto(`${amphi.base}${path}`);
const button = (name: string | RegExp) => page.getByRole('button', { name });
const tab = (name: string) => page.getByRole('tab', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const tally = () => page.locator('.event-facts .pill').innerText();
const shownEventId = () => new URL(page.url()).pathname.split('/').at(-1) ?? '';

function publish(rtmpUrl: string): Publisher {
  const publisher = new Publisher(rtmpUrl, PICTURE);
  publishers.push(publisher);
  return publisher;
}

/** The publishing address that a source shows beside its fresh key. */
async function shownAddress(source: string): Promise<string> {
  const card = page.locator('.source').filter({ has: page.getByRole('heading', { name: source }) });
  await card.getByRole('button', { name: 'Show Both in one address' }).click();
  return card.getByRole('textbox', { name: 'Both in one address' }).inputValue();
}

async function expectAccessible(): Promise<void> {
  expect(await seriousFindings(page)).toEqual([]);
}

/** Nothing sticks out to the side of a phone. */
async function expectFitsPhone(): Promise<void> {
  await page.setViewportSize(PHONE);
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scrollWidth, clientWidth };
  });
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
  await page.setViewportSize(DESK);
}

/** The preview plays, and what it shows changes. */
async function expectPictureMoves(): Promise<void> {
  const video = page.locator('.preview video');
  const picture = () =>
    video.evaluate((element) => {
      const canvas = document.createElement('canvas');
      canvas.width = 64;
      canvas.height = 36;
      const drawing = canvas.getContext('2d');
      drawing?.drawImage(element as HTMLVideoElement, 0, 0, 64, 36);
      return [...(drawing?.getImageData(0, 0, 64, 36).data ?? [])].join();
    });
  const plays = () => video.evaluate((element) => (element as HTMLVideoElement).currentTime > 0);
  await until('the preview to play', plays, 20_000);
  const before = await picture();
  await until('another picture', async () => (await picture()) !== before, 10_000, 250);
}

describe('the studio', () => {
  it('asks to sign in, and says so when the token is wrong', async () => {
    await open('/studio');
    await page.getByLabel('Admin token').fill('not-the-token');
    await button('Sign in').click();
    await page.getByRole('alert').getByText('That token is not right').waitFor();
    await expectAccessible();
    await expectFitsPhone();
  });

  it('signs in by the link of the banner and keeps the token nowhere', async () => {
    await open(`/studio/main#token=${ADMIN_TOKEN}`);
    await page.getByRole('heading', { name: 'Main stage' }).waitFor();
    expect(page.url()).toBe(`${amphi.base}/studio/main`);
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state]),
    );
    expect(kept).not.toContain(ADMIN_TOKEN);
    expect(asked.filter((url) => url.includes(ADMIN_TOKEN))).toEqual([]);
    expect(amphi.log.filter((line) => line.includes(ADMIN_TOKEN))).toEqual([]);
  });

  it('shows an event that nobody has sent to, with the way to do so', async () => {
    await page.getByRole('heading', { name: 'Waiting for an encoder' }).waitFor();
    const server = page.getByRole('textbox', { name: 'Server', exact: true });
    expect(await server.inputValue()).toBe(`rtmp://127.0.0.1:${amphi.rtmpPort}/live`);
    await expectAccessible();
    await expectFitsPhone();
    for (const name of ['Health', 'Renditions', 'Share', 'Settings']) {
      await tab(name).click();
      await expectAccessible();
    }
  });

  it('creates an event, shows its key once and copies it', async () => {
    await page.getByRole('link', { name: 'Studio' }).last().click();
    await button('New event').click();
    await dialog().getByLabel('Title').fill('Opening night');
    await dialog().getByText('Listed on the home page').click();
    await expectAccessible();
    await button('Create event').click();
    await page.getByRole('heading', { name: 'Opening night' }).waitFor();
    await expectAccessible();
    const key = page.getByRole('textbox', { name: 'Stream key' }).first();
    expect(await key.inputValue()).toMatch(/^•+$/);
    await button('Copy Stream key').first().click();
    await button('Copied').first().waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/^\w{20,}$/);
    await button('Show Stream key').first().click();
    expect(await key.inputValue()).toBe(copied);
    expect(page.url()).not.toContain(copied);
  });

  it('goes on air by itself when an encoder connects', async () => {
    publish(await shownAddress('Camera 1'));
    await until('the tally', async () => (await tally()) === 'On air', 20_000);
    await expectPictureMoves();
    await page.getByRole('tab', { name: 'Health', selected: true }).waitFor();
  });

  it('shows what the server warns of, as long as it holds', async () => {
    const redis = connectRedis(`unix:${amphi.dataDir}/run/redis.sock`, {
      log: createLogger({ level: 'silent', role: 'test' }),
    });
    const text = 'The transcoder has broken off 3 times in a row.';
    await raiseWarning(redis, shownEventId(), { code: 'test', level: 'warn', text }, 3_000);
    await page.locator('.notice-warn').getByText(text).waitFor();
    await page.getByRole('status').getByText(text).waitFor({ state: 'attached' });
    await page.locator('.notice-warn').getByText(text).waitFor({ state: 'detached' });
    redis.disconnect();
  });

  it('shows health that fits what the encoder sends', async () => {
    const figure = (title: string) => page.locator('figure').filter({ hasText: title });
    const value = (title: string) => figure(title).locator('.chart-value').first().innerText();
    const number = async (title: string) => Number.parseFloat(await value(title));
    await until(
      'the rate to settle',
      async () => Math.abs((await number('Frames a second')) - 30) < 3,
    );
    await until('a GOP', async () => Math.abs((await number('Key frames every')) - 2) < 0.1);
    expect(await value('Bitrate')).toMatch(/^(1\.\d\d Mbit\/s|[89]\d\d kbit\/s)/);
    const line = figure('Frames a second').locator('.chart-line');
    await until('a line of some length', async () => (await line.getAttribute('d'))?.includes('L'));
    await expectAccessible();
    await page.getByRole('radio', { name: 'Table' }).click();
    await page.getByRole('rowheader').first().waitFor();
    await expectAccessible();
    await page.getByRole('radio', { name: 'Graphs' }).click();
    await tab('Renditions').click();
    await page.getByRole('rowheader', { name: '360p' }).waitFor();
    await expectAccessible();
    await expectFitsPhone();
    await tab('Health').click();
  });

  it('cuts off the encoder of the old key within two seconds', async () => {
    const old = publishers.at(-1);
    await button('More for Camera 1').click();
    await page.getByRole('menuitem', { name: 'New stream key' }).click();
    const before = Date.now();
    await button('Make a new key').click();
    await old?.exited;
    expect(Date.now() - before).toBeLessThan(2_000);
    await until('the mark', async () => (await tally()) === 'Interrupted');
    await expectAccessible();
    publish(await shownAddress('Camera 1'));
    await until('the tally', async () => (await tally()) === 'On air', 20_000);
  });

  it('takes another source at a press', async () => {
    await button(/^Add$/).click();
    await dialog().getByLabel('Name').fill('Balcony');
    await button('Add source').click();
    await page.getByRole('heading', { name: 'Balcony' }).waitFor();
    publish(await shownAddress('Balcony'));
    await button('Put on air: Balcony').click();
    const balcony = page.locator('.source[data-on-air]').filter({ hasText: 'Balcony' });
    await balcony.waitFor();
    expect(await page.locator('.source[data-on-air]').count()).toBe(1);
    await expectAccessible();
    await expectPictureMoves();
  });

  it('shows a public event on the home page', async () => {
    await open('/');
    await page.getByRole('link', { name: /Opening night/ }).waitFor();
    await expectAccessible();
    await expectFitsPhone();
  });

  it('ends the event for good, and opens it again', async () => {
    await open('/studio');
    await page.getByRole('link', { name: 'Opening night' }).click();
    await button('End event').click();
    await dialog().getByRole('button', { name: 'End event' }).click();
    await until('the tally', async () => (await tally()) === 'Ended');
    await Promise.all(publishers.map(({ exited }) => exited));
    await expectAccessible();
    await button('Open again').click();
    await until('the tally', async () => (await tally()) === 'Off air');
    expect(await amphi.event(shownEventId())).toMatchObject({ open: true, status: 'idle' });
  });

  it('saves settings, renames and removes a source', async () => {
    await tab('Settings').click();
    await page.getByLabel('Title').fill('Second night');
    await page.getByText('Whoever has the link').click();
    await button('Save changes').click();
    await page.getByRole('heading', { name: 'Second night' }).waitFor();
    await button('More for Balcony').click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await dialog().getByLabel('Name').fill('Gallery');
    await dialog().getByRole('button', { name: 'Rename' }).click();
    await button('More for Gallery').click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await button('Remove source').click();
    await page
      .getByRole('heading', { name: 'Gallery', exact: true })
      .waitFor({ state: 'detached' });
    const event = await amphi.event(shownEventId());
    expect(event).toMatchObject({ title: 'Second night', visibility: 'unlisted' });
    expect(event.sources.map(({ name }) => name)).toEqual(['Camera 1']);
  });

  it('learns at once what is changed elsewhere', async () => {
    await amphi.api('PATCH', `/api/events/${shownEventId()}`, { title: 'Third night' });
    await page.getByRole('heading', { name: 'Third night' }).waitFor({ timeout: 3_000 });
  });

  it('pages, finds and deletes events', async () => {
    for (let i = 0; i < 21; i++) await amphi.createEvent({ title: `Rehearsal ${i}` });
    await open('/studio');
    const rows = page.locator('.event-row');
    await until('the first page', async () => (await rows.count()) === 20);
    await expectAccessible();
    await button('Show more').click();
    await until('the second page', async () => (await rows.count()) > 20);
    await page.getByLabel('Search events').fill('night');
    await until('one row', async () => (await rows.count()) === 1);
    await button('Delete Third night').click();
    await button('Delete for good').click();
    await page.getByRole('heading', { name: 'Nothing called “night”' }).waitFor();
    await expectAccessible();
    await expectFitsPhone();
  });

  it('signs out, and the session is worthless from then on', async () => {
    const cookies = await context.cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const ask = () => fetch(`${amphi.base}/api/events`, { headers: { cookie } });
    expect((await ask()).status).toBe(200);
    const stream = await fetch(`${amphi.base}/api/events/main/live`, { headers: { cookie } });
    await button('Sign out').click();
    await page.getByRole('heading', { name: 'Sign in to the studio' }).waitFor();
    expect((await ask()).status).toBe(401);
    // The stream that was open ends with the session.
    await stream.text();
  });
});

describe('the other pages', () => {
  it('keep the theme that was chosen', async () => {
    const ground = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await open('/');
    const before = await ground();
    await button(/^Use the (dark|light) theme$/).click();
    const after = await ground();
    expect(after).not.toBe(before);
    await page.reload();
    expect(await ground()).toBe(after);
    await expectAccessible();
    for (const path of ['/studio', '/api/docs', '/nowhere']) {
      await open(path);
      await page.getByRole('heading').first().waitFor();
      expect(await ground()).toBe(after);
      await expectAccessible();
    }
    await button(/^Use the (dark|light) theme$/).click();
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  it('lead newcomers from a dark stage to OBS', async () => {
    await open('/');
    await page.getByText('Nothing is on right now.').waitFor();
    await page.getByText(`rtmp://127.0.0.1:${amphi.rtmpPort}/live`).waitFor();
    await expectAccessible();
  });

  it('document every call of the API, and make one', async () => {
    await open('/api/docs');
    await page.getByRole('heading', { name: 'Creates an event with one RTMP source' }).waitFor();
    await expectAccessible();
    await expectFitsPhone();
    const info = page.locator('#getApiInfo');
    await info.getByRole('button', { name: /^Try it/ }).click();
    await info.getByRole('button', { name: 'Send GET' }).click();
    await info.getByText(`"rtmpPort": ${amphi.rtmpPort}`).waitFor();
    await expectAccessible();
  });

  it('say so where there is nothing', async () => {
    const answer = await open('/nowhere');
    expect(answer?.status()).toBe(404);
    expect(answer?.headers()['content-security-policy']).toContain("script-src 'self'");
    await page.getByRole('heading', { name: 'No seat with this number' }).waitFor();
    await expectAccessible();
    await expectFitsPhone();
  });

  it('can be walked by keyboard', async () => {
    await open('/');
    await page.getByRole('heading').first().waitFor();
    await page.keyboard.press('Tab');
    const active = <T>(read: (element: Element | null) => T) =>
      page.evaluate(`(${read.toString()})(document.activeElement)`) as Promise<T>;
    expect(await active((element) => element?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await active((element) => element?.id)).toBe('content');
    await page.keyboard.press('Tab');
    expect(await active((element) => getComputedStyle(element ?? document.body).outlineStyle)).toBe(
      'solid',
    );
  });
});

it('works in Firefox', async () => {
  const firefox = await launchBrowser('firefox');
  try {
    const fox = await firefox.newPage();
    fox.setDefaultTimeout(PATIENCE_MS);
    watch(fox);
    await fox.goto(amphi.base);
    await fox.getByRole('heading', { level: 1 }).waitFor();
    await fox.goto(`${amphi.base}/studio/main#token=${ADMIN_TOKEN}`);
    await fox.getByRole('heading', { name: 'Main stage' }).waitFor();
    expect(fox.url()).not.toContain('token');
    const { sources } = await amphi.event('main');
    const { streamKey } = await amphi.api<{ streamKey: string }>(
      'POST',
      `/api/events/main/sources/${sources[0]?.sourceId}/rotate-key`,
    );
    publish(amphi.rtmpUrl(streamKey));
    await fox.locator('.event-facts .pill').getByText('On air').waitFor({ timeout: 20_000 });
    const rate = fox.locator('figure').filter({ hasText: 'Frames a second' });
    await until(
      'a measured rate',
      async () => Number.parseFloat(await rate.locator('.chart-value').innerText()) > 20,
    );
  } finally {
    await firefox.close();
  }
});
