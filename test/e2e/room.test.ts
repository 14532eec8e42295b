import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreatedMeeting, CreateMeeting } from '#contracts';
import { Instance, launchBrowser, seriousFindings, until } from '#support';
import { RoomGuest } from './room-guest.ts';

let amphi: Instance;
let chromium: Browser;
let firefox: Browser;

/** So long a voice may be silent while the way of media changes. */
const MOST_GAP_MS = 200;

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

async function makeRoom(settings: CreateMeeting['settings'] = {}) {
  const made = await amphi.api<CreatedMeeting>('POST', '/api/meetings', {
    title: 'Rehearsal',
    settings,
  });
  return { url: `${amphi.base}/room/${made.meetingId}`, hostToken: made.hostToken };
}

describe('a room that grows', () => {
  let url: string;
  const people: RoomGuest[] = [];
  const [ada, grace] = ['Ada', 'Grace'] as const;

  beforeAll(async () => {
    const room = await makeRoom();
    url = room.url;
    people.push(await RoomGuest.join(chromium, url, ada, { hostToken: room.hostToken }));
    people.push(await RoomGuest.join(firefox, url, grace));
  });

  afterAll(async () => {
    await Promise.all(people.map((one) => one.leave()));
  });

  it('shows and sounds two people to each other directly, Chromium and Firefox', async () => {
    const [inChromium, inFirefox] = people;
    await Promise.all([
      inChromium?.sees(grace),
      inChromium?.hears(grace),
      inFirefox?.sees(ada),
      inFirefox?.hears(ada),
    ]);
    expect(await inChromium?.path(grace)).toBe('mesh');
    expect(await inFirefox?.path(ada)).toBe('mesh');
    expect(await seriousFindings(people[0]?.page as never)).toEqual([]);
  });

  it('carries what is written, as text, and what waits unread', async () => {
    const [inChromium, inFirefox] = people;
    await inChromium?.button('Chat').click();
    const field = inChromium?.page.getByLabel('Message', { exact: true });
    await field?.fill('<b>see</b> https://example.org/x.');
    await field?.press('Enter');
    await inFirefox?.button('Chat 1 unread').click();
    const text = inFirefox?.page.locator('.chat-text');
    await text?.waitFor();
    expect(await text?.innerText()).toBe('<b>see</b> https://example.org/x.');
    expect(await text?.locator('a').getAttribute('href')).toBe('https://example.org/x');
    expect(await seriousFindings(inChromium?.page as never)).toEqual([]);
  });

  it('shows a screen that is shared, large', async () => {
    const [inChromium, inFirefox] = people;
    await inChromium?.share();
    await inFirefox?.sees('Ada’s screen');
    const role = await inFirefox?.page.locator('[data-kind=screen]').getAttribute('data-role');
    expect(role).toBe('main');
  });

  it('moves everybody to the call server when the fourth comes, without a gap in the sound', async () => {
    const [inChromium] = people;
    await inChromium?.watchGaps();
    people.push(
      ...(await Promise.all([
        RoomGuest.join(chromium, url, 'Alan', { camera: false }),
        RoomGuest.join(chromium, url, 'Edsger', { camera: false }),
      ])),
    );
    await Promise.all(people.map((one) => one.hasAllByCallServer(people.length - 1)));
    expect(await inChromium?.longestGapMs()).toBeLessThan(MOST_GAP_MS);
    await Promise.all([
      ...people.map((one) => one.sees(one.name === ada ? grace : ada)),
      people[0]?.hears('Alan'),
      people[1]?.hears(ada),
      people[3]?.hears(grace),
      people[3]?.sees('Ada’s screen'),
    ]);
    await inChromium?.button('Stop sharing').click();
    await people[3]?.page.locator('[data-kind=screen]').waitFor({ state: 'detached' });
  }, 120_000);

  it('goes straight again when two are left', async () => {
    const [inChromium, inFirefox] = people;
    await Promise.all(people.splice(2).map((one) => one.leave()));
    const isDirect = async () =>
      (await inChromium?.path(grace)) === 'mesh' && (await inFirefox?.path(ada)) === 'mesh';
    await until('both to have each other directly', isDirect, 30_000, 200);
    await Promise.all([inChromium?.sees(grace), inFirefox?.sees(ada), inFirefox?.hears(ada)]);
    expect(await inChromium?.longestGapMs()).toBeLessThan(MOST_GAP_MS);
  });
});

describe('a room with a waiting room', () => {
  it('lets in whom the host admits, and turns away whom not', async () => {
    const { url, hostToken } = await makeRoom({ waitingRoom: true });
    const [host, guest] = await Promise.all([
      RoomGuest.join(chromium, url, 'Host', { hostToken }),
      RoomGuest.open(chromium, url, 'Guest'),
    ]);
    await guest.enter();
    await guest.page.getByRole('heading', { name: 'The host will let you in' }).waitFor();
    expect(await seriousFindings(guest.page)).toEqual([]);
    await host.button(/^People/).click();
    await host.button('Deny').click();
    await guest.page.getByRole('heading', { name: 'You were not let in' }).waitFor();
    await guest.page.reload();
    await guest.page.locator('.lobby-picture video').waitFor();
    await guest.enter();
    await host.page.locator('.banner').getByRole('button', { name: 'Admit' }).click();
    await Promise.all([guest.sees('Host'), host.sees('Guest')]);
    await Promise.all([host.leave(), guest.leave()]);
  });
});
