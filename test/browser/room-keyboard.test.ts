import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreatedMeeting } from '#contracts';
import { Instance, launchBrowser, seriousFindings, until } from '#support';

let amphi: Instance;
let browser: Browser;
let page: Page;
let room: CreatedMeeting;

const PATIENCE_MS = 20_000;
/** More stops than a room has. */
const MAX_STOPS = 60;

beforeAll(async () => {
  [amphi, browser] = await Promise.all([
    Instance.start(),
    launchBrowser('chromium', { fakeDevices: true }),
  ]);
  room = await amphi.api<CreatedMeeting>('POST', '/api/meetings', { title: 'Rehearsal' });
  page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${amphi.base}/room/${room.meetingId}#host=${room.hostToken}`);
});

afterAll(async () => {
  await browser?.close();
  await amphi?.stop();
});

const press = (key: string) => page.keyboard.press(key);

/** The role of what has the focus, and its name: `button More`. */
const focused = () =>
  page.evaluate(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) return 'nothing';
    const label = (activeElement as HTMLInputElement).labels?.[0];
    const name =
      activeElement.getAttribute('aria-label') ??
      label?.querySelector('.field-label, bdi')?.textContent ??
      label?.textContent ??
      activeElement.textContent;
    return `${activeElement.getAttribute('role') ?? activeElement.localName} ${name?.trim()}`;
  });

async function focusReaches(what: string): Promise<void> {
  let now = '';
  await until(
    `the focus to be on ${what}`,
    async () => {
      now = await focused();
      return now === what;
    },
    PATIENCE_MS,
  ).catch((error) => {
    throw new Error(`it is on ${now}`, { cause: error });
  });
}

const focusReachesContent = () =>
  until(
    'the focus on the page',
    () => page.evaluate(() => document.activeElement?.id === 'content'),
    PATIENCE_MS,
  );

async function tabTo(what: string): Promise<void> {
  for (let stops = 0; stops < MAX_STOPS; stops++) {
    await press('Tab');
    if ((await focused()) === what) return;
  }
  throw new Error(`Tab never comes to ${what}`);
}

/** Opens the menu at its button, which has the focus, and takes this of it. */
async function choose(item: string): Promise<void> {
  await press('Enter');
  await page.getByRole('menu').waitFor();
  for (let stops = 0; stops < MAX_STOPS; stops++) {
    if ((await focused()) === `menuitem ${item}`) break;
    await press('ArrowDown');
  }
  await press('Enter');
  await page.getByRole('menu').waitFor({ state: 'detached' });
}

const said = (text: string | RegExp) =>
  page.locator('#announcer', { hasText: text }).waitFor({ state: 'attached' });

describe('a room by keyboard alone', () => {
  it('says where one is, once one is in', async () => {
    await focusReaches('input Your name');
    await page.keyboard.type('Ada');
    await press('Enter');
    await focusReaches('h1 Rehearsal');
    await said('You are in the room. Nobody else is here yet.');
  });

  it('gives the focus back to what a panel was opened from', async () => {
    await press('c');
    await focusReaches('textarea Message');
    await press('Escape');
    await focusReaches('h1 Rehearsal');
    await tabTo('button People1 in the room');
    await press('Enter');
    await focusReaches('aside People');
    await press('Escape');
    await focusReaches('button People1 in the room');
  });

  it.each(['Polls', 'Breakout rooms'])('or to the menu from which %s was', async (panel) => {
    if ((await focused()) !== 'button More') await tabTo('button More');
    await choose(panel);
    await focusReaches(`aside ${panel}`);
    await tabTo(`button Close: ${panel}`);
    await press('Enter');
    await focusReaches('button More');
  });

  it.each(['Keys', 'Camera and sound'])('and the dialog %s', async (dialog) => {
    await choose(dialog);
    await page.getByRole('dialog', { name: dialog }).waitFor();
    await press('Escape');
    await focusReaches('button More');
  });

  it('leaves the focus where it was moved to before a panel closes', async () => {
    await press('c');
    await focusReaches('textarea Message');
    await page.evaluate(() => document.getElementById('content')?.focus());
    await press('c');
    await page.getByRole('complementary', { name: 'Chat' }).waitFor({ state: 'detached' });
    await focusReachesContent();
  });

  it('does not lose it with a banner that is answered', async () => {
    await tabTo('button More');
    await choose('Sound only');
    await page.getByText('Sound only: pictures').waitFor();
    await tabTo('button Show pictures');
    await press('Enter');
    await focusReachesContent();
  });

  it('asks a poll and answers it, and remembers the answer', async () => {
    await tabTo('button More');
    await choose('Polls');
    await tabTo('input Question');
    await page.keyboard.type('Ready?');
    await tabTo('textarea Answers, one a line');
    await page.keyboard.type('Yes\nNo');
    await tabTo('button Ask');
    await press('Enter');
    const poll = page.getByRole('group', { name: 'Ready?' });
    await poll.waitFor();
    await page.getByRole('complementary', { name: 'Polls' }).focus();
    await tabTo('input Yes');
    await press('ArrowDown');
    await tabTo('button Vote');
    await press('Enter');
    await poll.getByText('1 person voted, you too').waitFor();
    expect(await seriousFindings(page)).toEqual([]);

    await press('Escape');
    await focusReaches('button More');
    await choose('Polls');
    expect(await poll.getByRole('radio', { name: 'No' }).isChecked()).toBe(true);
    await poll.getByRole('button', { name: 'Close' }).press('Enter');
    await poll.getByText('Closed. 1 person voted, you too').waitFor();
    expect(await poll.getByRole('img', { name: 'Your answer' }).count()).toBe(1);
    await page.getByRole('complementary', { name: 'Polls' }).press('Escape');
  });

  it('says that one has left, and leads back', async () => {
    await tabTo('button Leave');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Leave the room?' }).waitFor();
    await tabTo('button Leave');
    await press('Enter');
    await focusReaches('h1 You left the room');
    expect(await page.locator('h1').getAttribute('aria-describedby')).toBe('ending-text');
    await tabTo('button Join again');
    await press('Enter');
    await focusReaches('h1 Rehearsal');
    await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  });
});
