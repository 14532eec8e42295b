import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CreatedMeeting, MeetingView } from '#contracts';
import { ADMIN_TOKEN, Instance, launchBrowser, seriousFindings, until } from '#support';
import { RoomGuest } from '../pages/room-guest.ts';

let amphi: Instance;
let browser: Browser;
let url: string;
let meetingId: string;
let host: RoomGuest;
let guest: RoomGuest;
let guestId: string;
/** Stands in the lobby. */
let outside: RoomGuest;

beforeAll(async () => {
  [amphi, browser] = await Promise.all([
    Instance.start(),
    launchBrowser('chromium', { fakeDevices: true }),
  ]);
  const room = await amphi.api<CreatedMeeting>('POST', '/api/meetings', {
    title: 'Rehearsal',
    settings: { unmuteSelf: false },
  });
  meetingId = room.meetingId;
  url = `${amphi.base}/room/${meetingId}`;
  const { hostToken } = room;
  host = await RoomGuest.join(browser, url, 'Host', { hostToken, camera: false });
  guest = await RoomGuest.join(browser, url, 'Guest');
  guestId = await guest.page.evaluate(() => {
    const { session } = document.getElementById('root') as unknown as {
      session: { selfId: string };
    };
    return session.selfId;
  });
});

afterAll(async () => {
  await browser?.close();
  await amphi?.stop();
});

/** What the guest's device gives, and what is kept for the next room. */
const own = () =>
  guest.page.evaluate(() => {
    const { session } = document.getElementById('root') as unknown as {
      session: {
        local: { state: { tracks: object; isMicrophoneOn: boolean; isCameraOn: boolean } };
      };
    };
    const { tracks, isMicrophoneOn, isCameraOn } = session.local.state;
    const { microphone, camera } = JSON.parse(localStorage['amphi.room']).preferences;
    const slots = Object.keys(tracks).sort();
    return { slots, on: { isMicrophoneOn, isCameraOn }, kept: { microphone, camera } };
  });
const KEPT = { microphone: true, camera: true };

/** The lobby asks by itself, and at once for who comes back to the page. */
const lobbyComesTo = (what: string, isSo: () => Promise<boolean>) =>
  until(
    `the lobby to ${what}`,
    async () => {
      await outside.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      return isSo();
    },
    30_000,
    200,
  );

const told = (text: string) => guest.page.getByRole('alert').filter({ hasText: text });

it('shows why one is not heard, and keeps the choice for the next room', async () => {
  // Nobody comes in aloud where people may not unmute themselves.
  expect(await own()).toMatchObject({ on: { isMicrophoneOn: false }, kept: KEPT });
  await guest.button('Unmute').click();
  await told('The host unmutes people here').waitFor();
  expect(await own()).toMatchObject({ on: { isMicrophoneOn: false } });

  await host.says({ type: 'ask-to-unmute', participantId: guestId });
  await told('asks you to unmute').getByRole('button', { name: 'Unmute' }).click();
  await guest.button('Mute').waitFor();
  await host.says({ type: 'mute-participant', participantId: guestId });
  await told('Host turned off your microphone.').waitFor();
  await host.says({ type: 'stop-video', participantId: guestId, mediaType: 'video' });
  await told('Host turned off your camera.').waitFor();
  expect(await own()).toMatchObject({
    on: { isMicrophoneOn: false, isCameraOn: false },
    kept: KEPT,
  });
  expect(await seriousFindings(guest.page)).toEqual([]);
});

it('lets go of the devices of who may only watch, and turns nothing on again by itself', async () => {
  await guest.button('Start camera').click();
  await guest.button('Stop camera').waitFor();
  await host.says({ type: 'make-participant', participantId: guestId, role: 'viewer' });
  await told('only watch now').waitFor();
  await until('the devices to be let go of', async () => (await own()).slots.length === 0);
  expect(await guest.button('Start camera').isDisabled()).toBe(true);

  await host.says({ type: 'make-participant', participantId: guestId, role: 'participant' });
  await told('You may take part now.').waitFor();
  expect(await own()).toEqual({
    slots: [],
    on: { isMicrophoneOn: false, isCameraOn: false },
    kept: KEPT,
  });
  await guest.button('Start camera').click();
  await guest.page.locator('#announcer', { hasText: 'Camera on' }).waitFor({ state: 'attached' });
  expect((await own()).slots).toEqual(['camera']);
});

it('tells of a new role, and in the title of what waits to be read', async () => {
  await host.says({ type: 'make-cohost', participantId: guestId });
  await told('You are a co-host of this room now.').waitFor();
  await host.says({ type: 'chat', message: 'welcome' });
  await until('the title to count it', async () => {
    return (await guest.page.title()) === '(1) Rehearsal – Amphi';
  });
  await guest.button('Chat 1 unread').click();
  await until('it to be read', async () => (await guest.page.title()) === 'Rehearsal – Amphi');
  await host.says({ type: 'chat', message: 'sit down' });
  const spoken = guest.page.locator('#announcer', { hasText: 'Host: sit down' });
  await spoken.waitFor({ state: 'attached' });
});

it('shows in the lobby who is in and whether it is locked, as that changes', async () => {
  outside = await RoomGuest.open(browser, url, 'Outside', { camera: false });
  await outside.page.getByText('2 people in the room').waitFor();
  await host.says({ type: 'lock', locked: true });
  await host.page.getByRole('img', { name: /^Locked: nobody new comes in/ }).waitFor();
  const locked = outside.page.getByRole('alert').filter({ hasText: 'The room is locked' });
  await lobbyComesTo('be locked', () => locked.isVisible());
  expect(await seriousFindings(outside.page)).toEqual([]);
  await outside.enter();
  await outside.page.locator('.notice-danger', { hasText: 'locked' }).waitFor();
  await host.says({ type: 'lock', locked: false });
  const alerts = outside.page.getByRole('alert');
  await lobbyComesTo('be open', async () => (await alerts.count()) === 0);
});

it('says at the door why one is not let in, and looks again at the room of who comes back', async () => {
  const late = await RoomGuest.open(browser, url, 'Late', { camera: false });
  // Locked between the question by HTTP and the first message.
  await late.page.routeWebSocket(/\/signal\//, (socket) => {
    socket.onMessage(() => {
      const refusal = { type: 'error', sequence: 0, code: 'meeting_locked', message: 'locked' };
      socket.send(JSON.stringify(refusal));
      socket.close({ code: 4010, reason: 'meeting_locked' });
    });
  });
  await late.enter();
  await late.page.getByRole('heading', { name: 'The room is locked' }).waitFor();
  await host.button('Leave').click();
  await host.button('End for everybody').click();
  await guest.page.getByText('The host has ended it for everybody.').waitFor();
  await until('what was said in the room to be gone', async () => {
    return (await guest.page.locator('#announcer').textContent()) === '';
  });
  await until('the end to be kept', async () => {
    const { status } = await amphi.api<MeetingView>('GET', `/api/meetings/${meetingId}`);
    return status === 'ended';
  });
  await late.button('Join again').click();
  await late.page.getByRole('heading', { name: 'The meeting is over' }).waitFor();
});

it('says that no way for the media is found', async () => {
  const room = await amphi.api<CreatedMeeting>('POST', '/api/meetings', { title: 'Bunker' });
  const address = `${amphi.base}/room/${room.meetingId}`;
  const options = { camera: false };
  const outdoors = await RoomGuest.join(browser, address, 'Outdoors', options);
  const inside = await RoomGuest.open(browser, address, 'Inside', options);
  const { page } = inside;
  // As behind a firewall that lets nothing through.
  await page.evaluate(() => {
    const { prototype } = RTCPeerConnection;
    prototype.addIceCandidate = async () => {};
    const set = prototype.setRemoteDescription as (
      this: RTCPeerConnection,
      description: RTCSessionDescriptionInit,
    ) => Promise<void>;
    const deaf = async function (
      this: RTCPeerConnection,
      { type, sdp }: RTCSessionDescriptionInit,
    ): Promise<void> {
      const changed = sdp
        ?.replace(/^a=candidate:.*\r\n/gm, '')
        .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${'x'.repeat(24)}`);
      await set.call(this, { type, ...(changed === undefined ? {} : { sdp: changed }) });
    };
    Object.assign(prototype, { setRemoteDescription: deaf });
  });
  await inside.enter();
  await page.getByText('no way for sound and pictures is found').waitFor({ timeout: 60_000 });
  expect(await seriousFindings(page)).toEqual([]);
  for (const one of [outdoors, inside]) await one.page.context().close();
});

it('comes in again by itself, muted as it was, when the connection was away for too long', async () => {
  const room = await amphi.api<CreatedMeeting>('POST', '/api/meetings', {
    title: 'Long tunnel',
    settings: { password: 'tunnel' },
  });
  const away = await RoomGuest.open(browser, `${amphi.base}/room/${room.meetingId}`, 'Away', {
    camera: false,
  });
  const { page } = away;
  await page.getByLabel('Password of the room').fill('tunnel');
  const cuts: (() => void)[] = [];
  await page.routeWebSocket(/\/signal\//, (socket) => {
    const server = socket.connectToServer();
    cuts.push(() => {
      server.close();
      socket.close({ code: 1012, reason: 'the network is away' });
    });
    socket.onMessage((text) => {
      const message = JSON.parse(String(text));
      // As it is when the room has given up the place.
      if (message.type === 'resume')
        server.send(JSON.stringify({ ...message, resumeKey: 'x'.repeat(16) }));
      else server.send(text);
    });
  });
  await away.enter();
  await page.getByRole('heading', { name: 'Long tunnel' }).waitFor();
  await away.button('Mute').click();
  await away.button('Unmute').waitFor();
  const selfId = () =>
    page.evaluate(() => {
      const { session } = document.getElementById('root') as unknown as {
        session: { selfId: string };
      };
      return session.selfId;
    });
  const before = await selfId();
  cuts.at(-1)?.();
  await until('another stay in the room', async () => (await selfId()) !== before);
  await page.getByRole('heading', { name: 'Long tunnel' }).waitFor();
  await page.getByRole('alert').filter({ hasText: 'You are in again.' }).waitFor();
  await away.button('Unmute').waitFor();
  await page.context().close();
});

it('offers another room to the host of one that is over, who may make rooms', async () => {
  const over = outside.page.getByRole('heading', { name: 'The meeting is over' });
  await lobbyComesTo('say that it is over', () => over.isVisible());
  const another = host.button('Start another room');
  expect(await another.count()).toBe(0);
  await host.page.evaluate(async (token) => {
    const headers = { 'content-type': 'application/json' };
    await fetch('/api/sessions/admin', {
      method: 'POST',
      headers,
      body: JSON.stringify({ token }),
    });
  }, ADMIN_TOKEN);
  await host.page.reload();
  await host.page.getByRole('heading', { name: 'The meeting is over' }).waitFor();
  await another.click();
  await host.page.getByRole('heading', { name: 'New room' }).waitFor();
  await host.page.getByText('You are the host.').waitFor();
});
