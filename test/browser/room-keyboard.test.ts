import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreatedMeeting } from '#contracts';
import { Instance, launchBrowser, seriousFindings, until } from '#support';

let amphi: Instance;
let browser: Browser;
let page: Page;
let room: CreatedMeeting;

const PATIENCE_MS = 30_000;
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

async function focusComes(where: string, isThere: (now: string) => boolean): Promise<string> {
  let now = '';
  return until(
    `the focus ${where}`,
    async () => {
      now = await focused();
      return isThere(now) && now;
    },
    PATIENCE_MS,
  ).catch((error) => {
    throw new Error(`it is on ${now}`, { cause: error });
  });
}

const focusReaches = (what: string) => focusComes(`to be on ${what}`, (now) => now === what);

const focusReachesDialog = () =>
  until(
    'the focus in the dialog',
    () => page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null),
    PATIENCE_MS,
  );

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

/** Opens the menu of the bar, from wherever the focus is, and takes this of it. */
async function choose(item: string): Promise<void> {
  if ((await focused()) !== 'button More') await tabTo('button More');
  await press('Enter');
  // It is on the page for a moment before it takes the focus.
  let now = await focusComes('in the menu', (on) => on.startsWith('menuitem '));
  for (let stops = 0; now !== `menuitem ${item}`; stops++) {
    if (stops === MAX_STOPS) throw new Error(`the menu has no ${item}, its last is ${now}`);
    await press('ArrowDown');
    const before = now;
    now = await focusComes(`to move on from ${before}`, (on) => on !== before);
  }
  await press('Enter');
  await page.getByRole('menu').waitFor({ state: 'detached' });
}

/** Where every test begins, in the room, whatever one that failed has left open. */
async function beginAtTitle(): Promise<void> {
  const menu = page.getByRole('menu');
  if (await menu.isVisible()) {
    await press('Escape');
    await menu.waitFor({ state: 'detached' });
  }
  await page.locator('.room-title').focus();
}

const said = (text: string | RegExp) =>
  page.locator('#announcer', { hasText: text }).waitFor({ state: 'attached' });

describe('a room by keyboard alone', { timeout: 180_000 }, () => {
  it('says where one is, once one is in', async () => {
    await focusReaches('input Your name');
    await page.keyboard.type('Ada');
    await press('Enter');
    await focusReaches('h1 Rehearsal');
    await said('You are in the room. Nobody else is here yet.');
  });

  it('gives the focus back to what a panel was opened from', async () => {
    await beginAtTitle();
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
    await beginAtTitle();
    await choose(panel);
    await focusReaches(`aside ${panel}`);
    await tabTo(`button Close: ${panel}`);
    await press('Enter');
    await focusReaches('button More');
  });

  it.each(['Keys', 'Camera and sound'])('and the dialog %s', async (dialog) => {
    await beginAtTitle();
    await choose(dialog);
    await page.getByRole('dialog', { name: dialog }).waitFor();
    await focusReachesDialog();
    await press('Escape');
    await focusReaches('button More');
  });

  it('leaves the focus where it was moved to before a panel closes', async () => {
    await beginAtTitle();
    await press('c');
    await focusReaches('textarea Message');
    await page.evaluate(() => document.getElementById('content')?.focus());
    await press('c');
    await page.getByRole('complementary', { name: 'Chat' }).waitFor({ state: 'detached' });
    await focusReachesContent();
  });

  it('takes no letter for a shortcut once that is turned off', async () => {
    const letters = page.getByRole('switch', { name: 'Letters do this' });
    await beginAtTitle();
    await choose('Keys');
    await letters.press('Space');
    await press('Escape');
    await focusReaches('button More');
    await beginAtTitle();
    await press('c');
    await choose('Keys');
    expect(await page.getByRole('complementary', { name: 'Chat' }).count()).toBe(0);
    await letters.press('Space');
    await press('Escape');
    await focusReaches('button More');
  });

  it('takes no letter for a shortcut where somebody is about to write', async () => {
    await beginAtTitle();
    await press('c');
    await focusReaches('textarea Message');
    await page.locator('.chat-list').focus();
    await press('p');
    await page.getByRole('complementary', { name: 'Chat' }).waitFor();
    expect(await page.getByRole('complementary', { name: 'People' }).count()).toBe(0);
    await press('Escape');
    await focusReaches('h1 Rehearsal');
  });

  it('reaches all of a menu in a window that is lower than it', async () => {
    const before = page.viewportSize();
    const low = { width: 640, height: 360 };
    await page.setViewportSize(low);
    try {
      await beginAtTitle();
      await tabTo('button More');
      await press('Enter');
      await focusComes('in the menu', (now) => now.startsWith('menuitem '));
      await press('End');
      await focusReaches('menuitem Keys');
      await until('the last of the menu to be in the window', async () => {
        const box = await page.getByRole('menuitem', { name: 'Keys' }).boundingBox();
        return box !== null && box.y >= 0 && box.y + box.height <= low.height;
      });
      await press('Home');
      await focusReaches('menuitem Share screen');
      await until('the first to be in it', async () => {
        const box = await page.getByRole('menuitem', { name: 'Share screen' }).boundingBox();
        return box !== null && box.y >= 0 && box.y + box.height <= low.height;
      });
      await press('Escape');
      await focusReaches('button More');
    } finally {
      if (before !== null) await page.setViewportSize(before);
    }
  });

  it('changes the settings of the room, with a password that is asked for from then on', async () => {
    await beginAtTitle();
    await choose('Room settings');
    await focusReachesDialog();
    const dialog = page.getByRole('dialog', { name: 'Room settings' });
    expect(await seriousFindings(page)).toEqual([]);
    await tabTo('input Title');
    await press('Control+a');
    await page.keyboard.type('Dress rehearsal');
    await tabTo('switch Ask for a password');
    await press('Space');
    await dialog.getByRole('button', { name: 'Save' }).press('Enter');
    await dialog.getByText('Type the password').waitFor();
    await dialog.getByLabel('Password', { exact: true }).fill('open sesame');
    await press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await focusReaches('button More');
    await page.getByRole('heading', { name: 'Dress rehearsal' }).waitFor();
    expect(await page.title()).toBe('Dress rehearsal – Amphi');
    const join = `/api/meetings/${room.meetingId}/join`;
    const refused = await fetch(`${amphi.base}${join}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ displayName: 'Guest', password: 'sesame' }),
    });
    expect(await refused.json()).toMatchObject({ code: 'wrong_password' });

    await choose('Room settings');
    await focusReachesDialog();
    await tabTo('switch Ask for a password');
    await press('Space');
    await dialog.getByLabel('Title').fill('Rehearsal');
    await press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Rehearsal', exact: true }).waitFor();
    await amphi.api('POST', join, { displayName: 'Guest' });
  });

  it('does not lose it with a banner that is answered', async () => {
    await beginAtTitle();
    await choose('Sound only');
    await page.getByText('Sound only: pictures').waitFor();
    await focusReaches('button More');
    await tabTo('button Show pictures');
    await press('Enter');
    await focusReachesContent();
  });

  it('asks a poll and answers it, and remembers the answer', async () => {
    await beginAtTitle();
    await choose('Polls');
    await focusReaches('aside Polls');
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
    await focusReaches('aside Polls');
    expect(await poll.getByRole('radio', { name: 'No' }).isChecked()).toBe(true);
    await poll.getByRole('button', { name: 'Close' }).press('Enter');
    await poll.getByText('Closed. 1 person voted, you too').waitFor();
    expect(await poll.getByRole('img', { name: 'Your answer' }).count()).toBe(1);
    await page.getByRole('complementary', { name: 'Polls' }).press('Escape');
  });

  describe('in a narrow window', () => {
    beforeAll(() => page.setViewportSize({ width: 390, height: 844 }));
    afterAll(() => page.setViewportSize({ width: 1280, height: 720 }));

    it('shares and stops sharing from the menu, for which the bar has no room', async () => {
      await page.evaluate(() => {
        const picture = () => document.createElement('canvas').captureStream(1);
        navigator.mediaDevices.getDisplayMedia = async () => picture();
      });
      await beginAtTitle();
      await choose('Share screen');
      await page.getByRole('button', { name: 'Share screen' }).waitFor({ state: 'detached' });
      const shown = page.locator('.tile[data-kind=screen]');
      await shown.waitFor();
      await beginAtTitle();
      await choose('Stop sharing');
      await shown.waitFor({ state: 'detached' });
    });

    it('shows above a panel what is to be known, and hides what the panel covers', async () => {
      await beginAtTitle();
      await choose('Sound only');
      await focusReaches('button More');
      await press('c');
      await focusReaches('textarea Message');
      const panel = page.getByRole('complementary', { name: 'Chat' });
      const boxes = await Promise.all([
        page.getByText('Sound only: pictures').boundingBox(),
        panel.boundingBox(),
      ]);
      const [banner, below] = boxes.map((box) => box ?? { x: 0, y: 0, width: 0, height: 0 });
      expect(banner!.height).toBeGreaterThan(0);
      expect(banner!.y + banner!.height).toBeLessThanOrEqual(below!.y);
      expect([below!.width, below!.y + below!.height]).toEqual([390, 844]);
      expect(await seriousFindings(page)).toEqual([]);
      const reached = new Set<string>();
      for (let stops = 0; stops < MAX_STOPS; stops++) {
        await press('Tab');
        reached.add(await focused());
      }
      expect([...reached]).toContain('button Show pictures');
      expect([...reached]).not.toContain('button More');
      // What was over the panel is gone: nobody is sent to what the panel covers.
      await tabTo('button Show pictures');
      await press('Enter');
      await focusReaches('aside Chat');
      await press('Escape');
      await focusReaches('button More');
    });
  });

  it('says that one has left, and leads back', async () => {
    await beginAtTitle();
    await tabTo('button Leave');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Leave the room?' }).waitFor();
    await focusReachesDialog();
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
