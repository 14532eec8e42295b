import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CreatedMeeting, NewSource } from '#contracts';
import { Instance, launchBrowser, seriousFindings, until } from '#support';
import { RoomGuest } from '../pages/room-guest.ts';
import { WatchPage } from '../pages/watch-page.ts';

let amphi: Instance;
let chromium: Browser;
let eventId: string;
let source: NewSource;
let host: RoomGuest;
let watch: WatchPage;

/** One rung is enough to look at. */
const LADDER = JSON.stringify([
  { kind: 'video', name: '360p', shortSide: 360, maxFps: 30, videoKbps: 700, audioKbps: 96 },
]);
/** Brightest of red, green and blue: of the stage's background, and of the cameras' green. */
const [DARK, BRIGHT] = [30, 60];

beforeAll(async () => {
  [amphi, chromium] = await Promise.all([
    Instance.start({ env: { AMPHI_LADDER: LADDER } }),
    launchBrowser('chromium', { fakeDevices: true }),
  ]);
  ({ eventId, source } = await amphi.createEvent({ title: 'A room before everybody' }));
  const room = await amphi.api<CreatedMeeting>('POST', '/api/meetings', { title: 'Green room' });
  host = await RoomGuest.join(chromium, `${amphi.base}/room/${room.meetingId}`, 'Ada', {
    hostToken: room.hostToken,
  });
});

afterAll(async () => {
  await watch?.close();
  await host?.leave();
  await chromium?.close();
  await amphi?.stop();
});

/** The broadcast picture at a place, both from 0 to 1: the brightest of its colours. */
const brightness = (x: number, y: number): Promise<number> =>
  watch.page.evaluate(
    ([x, y]) => {
      const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
      const canvas = new OffscreenCanvas(1, 1);
      const context = canvas.getContext('2d');
      if (video === null || context === null) throw new Error('no picture');
      const [left, top] = [x * video.videoWidth, y * video.videoHeight];
      context.drawImage(video, left, top, 4, 4, 0, 0, 1, 1);
      return Math.max(...context.getImageData(0, 0, 1, 1).data.subarray(0, 3));
    },
    [x, y] as const,
  );
/** Above two tiles that stand side by side, and within what one person fills. */
const CORNER = [0.25, 0.1] as const;

it('refuses a wrong key and says why', async () => {
  await host.button('More').click();
  await host.page.getByRole('menuitem', { name: 'Go on stage' }).click();
  await host.page.getByLabel('Event').fill(eventId);
  await host.page.getByLabel('Stream key of one of its sources').fill('x'.repeat(32));
  await host.button('Go on stage').click();
  await host.page.getByRole('alert').waitFor();
  expect(await seriousFindings(host.page)).toEqual([]);
});

it('shows the room to the viewers of the event, with its sound', async () => {
  await host.page.getByLabel('Stream key of one of its sources').fill(source.streamKey);
  await host.page.getByText('Show viewers the way into this room').click();
  await host.button('Go on stage').click();
  await host.page.locator('.room-on-stage').waitFor();
  watch = await WatchPage.open(chromium, `${amphi.base}/watch/${eventId}`);
  await watch.when('the stage to play', ({ view, time }) => view === 'playing' && time > 0, 30_000);
  await watch.pictureMoves();
  await watch.soundLevel();
  expect(await brightness(...CORNER)).toBeGreaterThan(BRIGHT);
  expect(watch.errors).toEqual([]);
});

it('lets a viewer join from the watch page, who is then seen in the broadcast', async () => {
  const door = watch.page.getByRole('link', { name: 'Join on stage' });
  await door.waitFor({ timeout: 30_000 });
  const guest = await RoomGuest.join(chromium, (await door.getAttribute('href')) ?? '', 'A viewer');
  await host.sees('A viewer');
  await until(
    'both to be seen side by side',
    async () =>
      (await brightness(...CORNER)) < DARK &&
      Math.min(await brightness(0.1, 0.4), await brightness(0.9, 0.4)) > BRIGHT,
    30_000,
    200,
  );
  await guest.leave();
});

it('leaves the stage when the host says so', async () => {
  await host.button('Leave the stage').click();
  await host.page.locator('.room-on-stage').waitFor({ state: 'detached' });
  await until(
    'the event to be interrupted',
    async () =>
      (await amphi.api<{ status: string }>('GET', `/api/events/${eventId}`)).status ===
      'interrupted',
    10_000,
  );
});
