import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Instance, launchBrowser, seriousFindings, until } from '#support';
import { RoomGuest } from '../pages/room-guest.ts';

/** Long enough that a slow machine answers, short enough to wait for nobody to. */
const RING_SECONDS = 6;
const PASSWORD = 'correct horse';
const [ada, grace] = ['Ada', 'Grace'] as const;

let amphi: Instance;
let chromium: Browser;
let firefox: Browser;
/** In Chromium, and in Firefox. */
let [adas, graces] = [] as unknown as [Page, Page];

beforeAll(async () => {
  [amphi, chromium, firefox] = await Promise.all([
    Instance.start({ env: { AMPHI_RING_SECONDS: String(RING_SECONDS) } }),
    launchBrowser('chromium', { fakeDevices: true }),
    launchBrowser('firefox', { fakeDevices: true }),
  ]);
  [adas, graces] = await Promise.all([open(chromium), open(firefox)]);
});

afterAll(async () => {
  await Promise.all([chromium?.close(), firefox?.close()]);
  await amphi?.stop();
});

async function open(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  // Both encode on this one machine.
  await context.addInitScript(() => {
    localStorage['amphi.room'] = JSON.stringify({ preferences: { picture: 'small' } });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${amphi.base}/calls`);
  return page;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** Typed: what is filled in at once, React does not notice in Firefox. */
const type = (page: Page, label: string, text: string) =>
  page.getByLabel(label, { exact: true }).pressSequentially(text);
const note = (page: Page, text: string) => page.locator('.calls-notes').getByText(text);
const ring = (page: Page) => page.getByRole('alertdialog');

async function signUp(page: Page, name: string): Promise<void> {
  await button(page, 'Make an account').click();
  await type(page, 'Your name', name);
  await type(page, 'E-mail', `${name}@example.org`);
  await type(page, 'Password', PASSWORD);
  await button(page, 'Make the account').click();
  await page.getByRole('heading', { name: 'Nobody here yet' }).waitFor();
}

it('brings two people together who have just made their accounts', async () => {
  await button(adas, 'Make an account').waitFor();
  expect(await seriousFindings(adas)).toEqual([]);
  await Promise.all([signUp(adas, ada), signUp(graces, grace)]);
  expect(await seriousFindings(adas)).toEqual([]);
  await button(adas, 'Add').click();
  await type(adas, 'Their e-mail', 'grace@example.org');
  await button(adas, 'Ask').click();
  await adas.getByText('they have been asked').waitFor();
  await button(adas, 'Done').click();
  await button(graces, 'Accept').click();
  await adas.getByRole('button', { name: 'Grace Online' }).waitFor();
  await graces.getByRole('button', { name: 'Ada Online' }).waitFor();
});

it('shows the picture of an account to its contacts, drawn anew and small', async () => {
  const drawn = await graces.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.fillStyle = 'teal';
    context.fillRect(0, 0, 640, 480);
    return canvas.toDataURL('image/png');
  });
  await button(graces, 'Your profile, Grace').click();
  await graces.getByLabel('Picture file').setInputFiles({
    name: 'me.png',
    mimeType: 'image/png',
    buffer: Buffer.from(drawn.split(',')[1] ?? '', 'base64'),
  });
  const picture = adas.locator('.contact .avatar-picture');
  const width = await until('the picture to be loaded', () =>
    picture.evaluate((image: HTMLImageElement) => image.naturalWidth || undefined),
  );
  expect(width).toBe(256);
  await graces.keyboard.press('Escape');
  await graces.getByRole('dialog').waitFor({ state: 'detached' });
});

it('carries what they write to each other, and says what is unread', async () => {
  await adas.getByRole('button', { name: 'Grace Online' }).click();
  await type(adas, 'Message', '<i>ready</i>?');
  await adas.keyboard.press('Enter');
  await graces.getByRole('button', { name: 'Ada Online 1 message unread' }).click();
  await graces.getByText('<i>ready</i>?').waitFor();
  await adas.locator('[data-own] .thread-text').waitFor();
  expect(await seriousFindings(graces)).toEqual([]);
  await Promise.all([adas, graces].map((page) => button(page, 'Close the conversation').click()));
});

it('says it when a call is declined', async () => {
  await button(adas, 'Call Grace with video').click();
  await graces.getByRole('heading', { name: 'Ada is calling' }).waitFor();
  // Read out, and not answered by whatever is typed next.
  await until('the focus to be on the dialog', () =>
    graces.evaluate(() => document.activeElement?.getAttribute('role') === 'alertdialog'),
  );
  await button(graces, 'Decline').click();
  await ring(adas).getByText('The call was declined.').waitFor();
  await ring(graces).waitFor({ state: 'detached' });
});

it('keeps a call that nobody answers as missed, until it is seen', async () => {
  await button(adas, 'Call again').click();
  await Promise.all([ring(adas).getByText('It rings…').waitFor(), ring(graces).waitFor()]);
  expect(await graces.title()).toBe('Ada is calling – Amphi');
  expect(await seriousFindings(graces)).toEqual([]);
  expect(await seriousFindings(adas)).toEqual([]);
  await ring(adas).getByText('No answer.').waitFor();
  await note(graces, 'You missed a call from Ada.').waitFor();
  await graces.getByText('New', { exact: true }).waitFor();
  expect(await graces.title()).toBe('(1) Calls – Amphi');
  expect(await seriousFindings(graces)).toEqual([]);
  await button(graces, 'Mark missed calls as seen').click();
  await graces.getByText('New', { exact: true }).waitFor({ state: 'detached' });
});

it('lets two people see and hear each other once it is answered, until one hangs up', async () => {
  await button(adas, 'Call again').click();
  await button(graces, 'Accept with video').click();
  const [inChromium, inFirefox] = [RoomGuest.on(adas, ada), RoomGuest.on(graces, grace)];
  await Promise.all([
    inChromium.sees(grace),
    inChromium.hears(grace),
    inFirefox.sees(ada),
    inFirefox.hears(ada),
  ]);
  await inChromium.hasAllBy('mesh', 1);
  expect(await seriousFindings(adas)).toEqual([]);
  // Without a camera there is the picture of the account.
  await inFirefox.button('Stop camera').click();
  await adas.locator('.tile .avatar-picture').waitFor();
  await inFirefox.button('Hang up').click();
  for (const page of [adas, graces]) {
    await page.getByRole('heading', { name: 'Recent calls' }).waitFor();
  }
  await note(adas, 'The call with Grace is over.').waitFor();
  await adas.getByRole('button', { name: 'Grace Online' }).waitFor();
});
