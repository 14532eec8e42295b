import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreatedMeeting } from '#contracts';
import { Instance, launchBrowser, seriousFindings, until } from '#support';
import { RoomGuest } from '../pages/room-guest.ts';

let amphi: Instance;
let chromium: Browser;
let firefox: Browser;

beforeAll(async () => {
  [amphi, chromium, firefox] = await Promise.all([
    Instance.start(),
    launchBrowser('chromium', { fakeDevices: true }),
    launchBrowser('firefox', { fakeDevices: true }),
  ]);
});

afterAll(async () => {
  await Promise.all([chromium?.close(), firefox?.close()]);
  await amphi?.stop();
});

/** Where somebody's pointer stands on the shared screen, from 0 to 1. */
async function pointerOf({ page }: RoomGuest, name: string) {
  const screen = await page.locator('[data-kind=screen] video').first().boundingBox();
  const dot = await page.locator('.pointer', { hasText: name }).first().boundingBox();
  const video = await page
    .locator('[data-kind=screen] video')
    .first()
    .evaluate((one: HTMLVideoElement) => one.videoWidth / one.videoHeight);
  if (screen === null || dot === null) return undefined;
  // The picture is shown whole, in the middle of the tile.
  const width = Math.min(screen.width, screen.height * video);
  const height = Math.min(screen.height, screen.width / video);
  return {
    x: (dot.x - screen.x - (screen.width - width) / 2) / width,
    y: (dot.y - screen.y - (screen.height - height) / 2) / height,
  };
}

describe.each([
  ['directly', 'auto'],
  ['by the call server', 'callserver'],
] as const)('a pointer on a shared screen, %s', (_how, route) => {
  it('is seen by the others with its name, and moved by mouse and by keys', async () => {
    const room = await amphi.api<CreatedMeeting>('POST', '/api/meetings', {
      title: 'Rehearsal',
      settings: { route },
    });
    const url = `${amphi.base}/room/${room.meetingId}`;
    const [ada, grace] = await Promise.all([
      RoomGuest.join(chromium, url, 'Ada', { hostToken: room.hostToken, camera: false }),
      RoomGuest.join(firefox, url, 'Grace', { camera: false }),
    ]);
    await ada.share();
    await grace.sees('Ada’s screen');

    const button = grace.button('Point on Ada’s screen');
    await until('somebody to point for', async () => {
      return (await button.getAttribute('aria-disabled')) === 'false';
    });
    await button.click();
    const area = await grace.page.locator('.pointer-area').boundingBox();
    if (area === null) throw new Error('no screen to point on');
    await grace.page.mouse.move(area.x + area.width * 0.25, area.y + area.height * 0.75);
    await until("Grace's pointer where she points", async () => {
      const at = await pointerOf(ada, 'Grace');
      return at !== undefined && Math.abs(at.x - 0.25) < 0.02 && Math.abs(at.y - 0.75) < 0.02;
    });

    await grace.page.screenshot({ path: `/tmp/data-shots/grace-${route}.png` });
    expect(await seriousFindings(grace.page)).toEqual([]);

    const own = ada.button('Point on your screen');
    await own.focus();
    await ada.page.keyboard.press('Enter');
    for (let i = 0; i < 3; i++) await ada.page.keyboard.press('Shift+ArrowRight');
    await until("Ada's pointer where her keys have brought it", async () => {
      const at = await pointerOf(grace, 'Ada');
      return at !== undefined && Math.abs(at.x - 0.8) < 0.02 && Math.abs(at.y - 0.5) < 0.02;
    });
    await ada.page.keyboard.press('Escape');
    await grace.page.locator('.pointer', { hasText: 'Ada' }).waitFor({ state: 'detached' });
    await grace.button('Stop pointing on Ada’s screen').click();
    await ada.page.locator('.pointer').waitFor({ state: 'detached' });
    await Promise.all([ada.leave(), grace.leave()]);
  });
});
