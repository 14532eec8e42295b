import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CreatedMeeting, NewSource } from '#contracts';
import { Instance, launchBrowser, seriousFindings, until } from '#support';
import { RoomGuest } from './room-guest.ts';
import { WatchPage } from './watch-page.ts';

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
/** Of the background of the stage, and of what lies around it after two encodings. */
const DARK = 60;
/** Columns of the small picture between two tiles that stand side by side. */
const MIDDLE = 16;
const [WIDTH, HEIGHT] = [32, 18];

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

/** The darkest of the values in the middle column, at half the height and near it. */
const middleOf = (picture: readonly number[]): number =>
  Math.min(...[-1, 0, 1].map((row) => picture[(HEIGHT / 2 + row) * WIDTH + MIDDLE] ?? 255));

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
  expect(middleOf(await watch.picture())).toBeGreaterThan(DARK);
  expect(watch.errors).toEqual([]);
});

it('lets a viewer join from the watch page, who is then seen in the broadcast', async () => {
  const door = watch.page.getByRole('link', { name: 'Join on stage' });
  await door.waitFor({ timeout: 30_000 });
  const guest = await RoomGuest.join(chromium, (await door.getAttribute('href')) ?? '', 'A viewer');
  await host.sees('A viewer');
  // Two tiles stand side by side now, with the stage's background between them.
  await until(
    'both to be seen',
    async () => {
      const picture = await watch.picture();
      const inTiles = [4, 27].map((column) => picture[(HEIGHT / 2) * WIDTH + column] ?? 0);
      return middleOf(picture) < DARK && Math.max(...inTiles) > DARK;
    },
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
