import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, Instance, launchBrowser, seriousFindings, until } from '#support';

let amphi: Instance;
let browser: Browser;
let context: BrowserContext;
let page: Page;

const PATIENCE_MS = 8_000;
/** More stops than any of these pages has. */
const MAX_STOPS = 60;

beforeAll(async () => {
  amphi = await Instance.start();
  browser = await launchBrowser('chromium');
  context = await browser.newContext({ colorScheme: 'light', reducedMotion: 'reduce' });
  context.setDefaultTimeout(PATIENCE_MS);
  page = await context.newPage();
});

afterAll(async () => {
  await browser?.close();
  await amphi?.stop();
});

const press = (...keys: string[]) =>
  keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
const type = (text: string) => page.keyboard.type(text);
const heading = (name: string | RegExp) => page.getByRole('heading', { name, exact: true });

/** The name of what has the focus, whether that shows, and whether it is in a dialog. */
function focused(): Promise<{ name: string; shows: boolean; inDialog: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body;
    const { outlineStyle, outlineWidth, borderColor } = getComputedStyle(element);
    const isField = element.matches('input, textarea');
    // A choice is drawn by the label around its field.
    const drawn = element.closest('.choice, .check');
    const shown = drawn === null ? outlineStyle : getComputedStyle(drawn).outlineStyle;
    const label = isField ? (element as HTMLInputElement).labels?.[0]?.textContent : undefined;
    const name = element.getAttribute('aria-label') ?? label ?? element.textContent ?? '';
    return {
      name: name.trim(),
      shows: (shown !== 'none' && outlineWidth !== '0px') || (isField && borderColor !== ''),
      inDialog: element.closest('[role=dialog]') !== null,
    };
  });
}

/** Presses Tab until something of this name has the focus; every stop on the way must show. */
async function tabTo(name: string | RegExp): Promise<void> {
  for (let stops = 0; stops < MAX_STOPS; stops++) {
    await press('Tab');
    const at = await focused();
    expect(at, `the focus on “${at.name}”`).toMatchObject({ shows: true });
    if (typeof name === 'string' ? at.name === name : name.test(at.name)) return;
  }
  throw new Error(`Tab never comes to ${name}`);
}

const focusReaches = (name: string) =>
  until(`the focus on ${name}`, async () => (await focused()).name === name, PATIENCE_MS);

describe('the studio by keyboard alone', () => {
  it('signs in', async () => {
    await page.goto(`${amphi.base}/studio`);
    await focusReaches('Admin token');
    await type(ADMIN_TOKEN);
    await press('Enter');
    await heading('Events').waitFor();
  });

  it('keeps the focus in an open dialog, and gives it back', async () => {
    await tabTo('New event');
    await press('Enter');
    await focusReaches('Title');
    for (let i = 0; i < 12; i++) {
      await press('Tab');
      expect(await focused()).toMatchObject({ inDialog: true, shows: true });
    }
    await press('Escape');
    await focusReaches('New event');
  });

  it('creates an event and goes to it', async () => {
    await press('Enter');
    await focusReaches('Title');
    await type('By hand');
    await press('Enter');
    await heading('By hand').waitFor();
    await until('the focus on the page', () =>
      page.evaluate(() => document.activeElement?.id === 'content'),
    );
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousFindings(page), colorScheme).toEqual([]);
    }
  });

  it('renames a source through its menu, and comes back to it', async () => {
    await tabTo('More for Camera 1');
    await press('Enter');
    await page.getByRole('menu').waitFor();
    await focusReaches('Rename');
    await press('Enter');
    await focusReaches('Name');
    await press('Control+A');
    await type('Balcony');
    await press('Enter');
    await heading('Balcony').waitFor();
    await focusReaches('More for Balcony');
  });

  it('goes through the tabs with the arrows, and saves settings', async () => {
    await tabTo('Connect');
    await press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight');
    expect((await focused()).name).toBe('Settings');
    await tabTo('Title');
    await press('End');
    await type(' again');
    await tabTo('Save changes');
    await press('Enter');
    await heading('By hand again').waitFor();
    await page.getByRole('status').getByText('Settings saved').waitFor({ state: 'attached' });
  });

  it('ends and opens the event, and says so', async () => {
    await press('Control+Home');
    await page.evaluate(() => document.getElementById('content')?.focus());
    await tabTo('End event');
    await press('Enter');
    await until('the dialog', async () => (await focused()).inDialog);
    // The focus is on what the dialog is about.
    expect((await focused()).name).toBe('End event');
    await press('Enter');
    await page.getByRole('status').getByText('Ended').waitFor();
    // What had the focus is gone; what took its place has it.
    await focusReaches('Open again');
    await press('Enter');
    await page.getByRole('status').getByText('Off air').waitFor();
  });

  it('moves nothing for those who do not want it', async () => {
    const moving = await page.evaluate(() =>
      document
        .getAnimations()
        .map(({ effect }) => effect?.getComputedTiming())
        .filter((timing) => Number(timing?.duration) > 1),
    );
    expect(moving).toEqual([]);
  });
});
