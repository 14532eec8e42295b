import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contact, CreatedMeeting, PastCall, UserView } from '#contracts';
import { Instance, SignalClient } from '#support';
import { People, type SignedIn } from './people-rig.ts';

const RING_SECONDS = 5;

let amphi: Instance;
let people: People;

beforeAll(async () => {
  const env = { AMPHI_ROLES: 'api', AMPHI_RING_SECONDS: String(RING_SECONDS) };
  amphi = await Instance.start({ env });
  people = new People(amphi);
});

afterAll(async () => {
  await amphi?.stop();
});

const contactsOf = async ({ token }: SignedIn): Promise<Contact[]> =>
  ((await people.call('GET', '/api/contacts', { token })).value as { items: Contact[] }).items;

describe('what contacts write to each other', () => {
  it('comes to all devices of both, is kept, and is unread until it is seen', async () => {
    const [ann, bob] = await people.friends('ann', 'bob');
    const [a, other] = [await people.device(ann), await people.device(ann)];
    const to = bob.user.userId;
    const texts = Array.from({ length: 51 }, (_, i) => `message ${i}`);
    for (const message of texts) {
      a.say({ type: 'message', to, message, ref: 'm' });
      await a.next('ok');
      expect(await other.next('message')).toMatchObject({ message, from: ann.user.userId, to });
    }
    const b = await people.connect(bob);
    const from = ann.user.userId;
    expect((await b.next('hello')).unread).toEqual([{ userId: from, count: 51 }]);
    b.say({ type: 'message-history', with: from });
    const newest = await b.next('message-history');
    expect(newest.messages.map(({ message }) => message)).toEqual(texts.slice(1));
    expect(newest.more).toBe(true);
    b.say({ type: 'message-history', with: from, before: newest.messages[0]!.messageId });
    const rest = await b.next('message-history');
    expect(rest).toMatchObject({ messages: [{ message: texts[0] }], more: false });
    const phone = await people.device(bob);
    b.say({ type: 'messages-seen', with: from });
    expect(await phone.next('messages-seen')).toMatchObject({ with: from });
    expect((await (await people.connect(bob)).next('hello')).unread).toEqual([]);
  });

  it('is for contacts only, and who is blocked writes to nobody and does not learn it', async () => {
    const [cat, dan] = await people.friends('cat', 'dan');
    const stranger = await people.signUp('eric');
    const [c, d] = [await people.device(cat), await people.device(dan)];
    const s = await people.device(stranger);
    const to = dan.user.userId;
    expect(await s.refusal({ type: 'message', to, message: 'hello' })).toBe('forbidden');
    expect(await c.refusal({ type: 'message', to, message: ' ' })).toBe('bad_request');
    const longest = 'x'.repeat(4_000);
    expect(await c.refusal({ type: 'message', to, message: `${longest}x` })).toBe('bad_request');
    c.say({ type: 'message', to, message: longest });
    expect((await d.next('message')).message).toBe(longest);

    await people.change(dan, cat, 'blocked');
    c.say({ type: 'message', to, message: 'are you there?', ref: 'm' });
    expect((await c.next('ok')).messageId).toBeDefined();
    await d.settled();
    expect(d.events.filter(({ type }) => type === 'message')).toEqual([]);
    expect((await (await people.connect(dan)).next('hello')).unread).toMatchObject([{ count: 1 }]);
    const read = async (device: typeof c, other: SignedIn) => {
      device.say({ type: 'message-history', with: other.user.userId });
      return (await device.next('message-history')).messages.length;
    };
    expect([await read(c, dan), await read(d, cat)]).toEqual([2, 1]);
    // As if the other had gone.
    expect(await contactsOf(cat)).toMatchObject([{ state: 'accepted', presence: 'offline' }]);
    const hello = await (await people.connect(cat)).next('hello');
    expect(hello.contacts).toEqual([]);
  });
});

describe('an account', () => {
  it('writes 120 messages a minute and not one more, from all of its devices', async () => {
    const [max, ned] = await people.friends('max', 'ned');
    const devices = [await people.device(max), await people.device(max)];
    const write = { type: 'message', to: ned.user.userId, message: 'x', ref: 'm' } as const;
    for (let i = 0; i < 60; i++) {
      for (const device of devices) device.say(write);
      for (const device of devices) await device.next('ok');
    }
    expect(await devices[0]!.refusal(write)).toBe('too_many');
  });
});

describe('contacts', () => {
  it('are told at once when one of them asks, accepts, or looks different', async () => {
    const [finn, gil] = [await people.signUp('finn'), await people.signUp('gil')];
    const [f, g] = [await people.device(finn), await people.device(gil)];
    await people.ask(finn, 'gil');
    await g.next('contacts-changed');
    await people.change(gil, finn, 'accepted');
    await f.next('contacts-changed');
    await f.settled();
    f.events.length = 0;
    const body = { displayName: 'Gil the Second' };
    await people.call('PATCH', '/api/users/me', { body, token: gil.token });
    await f.next('contacts-changed');
    expect(await contactsOf(finn)).toMatchObject([
      { displayName: 'Gil the Second', presence: 'online' },
    ]);
  });
});

describe('a call that nobody answers', () => {
  it('rings on a device that comes meanwhile, ends in time, and stands among those that were', async () => {
    const [hal, ida] = await people.friends('hal', 'ida');
    const [h, i] = [await people.device(hal), await people.device(ida)];
    h.say({ type: 'call', to: ida.user.userId, media: 'video', ref: 'c' });
    const { callId } = await i.next('incoming-call');
    const late = await people.connect(ida);
    expect(await late.next('incoming-call')).toMatchObject({ callId, media: 'video' });
    expect(await h.next('call-ended')).toMatchObject({ callId, reason: 'no-answer' });
    await i.next('call-missed');
    const past = async ({ token }: SignedIn) =>
      ((await people.call('GET', '/api/calls', { token })).value as { items: PastCall[] }).items;
    expect(await past(hal)).toMatchObject([
      { callId, direction: 'out', displayName: 'ida', outcome: 'no-answer', seen: true },
    ]);
    expect(await past(ida)).toMatchObject([
      { callId, direction: 'in', displayName: 'hal', outcome: 'missed', seen: false },
    ]);
    i.say({ type: 'missed-seen', ref: 's' });
    await i.next('ok');
    expect(await past(ida)).toMatchObject([{ outcome: 'missed', seen: true }]);

    await people.change(ida, hal, 'blocked');
    h.say({ type: 'call', to: ida.user.userId, media: 'audio' });
    await h.next('call-ended');
    expect(await past(hal)).toMatchObject([{ outcome: 'unavailable' }, { callId }]);
    expect(await past(ida)).toHaveLength(1);
    const page = async (query: string) =>
      (await people.call('GET', `/api/calls?${query}`, { token: hal.token })).value as {
        items: PastCall[];
        cursor?: string;
      };
    const first = await page('limit=1');
    const second = await page(`limit=1&cursor=${first.cursor}`);
    expect(second).toMatchObject({ items: [{ callId }] });
    expect(second.cursor).toBeUndefined();
  });
});

describe('a profile picture', () => {
  /** A grey PNG of so many pixels a side: as much of one as is looked at. */
  const png = (side: number, bytes = 64): string => {
    const file = Buffer.alloc(bytes);
    file.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
    file.write('IHDR', 12);
    file.writeUInt32BE(side, 16);
    file.writeUInt32BE(side, 20);
    return file.toString('base64');
  };
  const MAX_BYTES = 128 * 1024;
  const put = ({ token }: SignedIn, image: string) =>
    people.call('PUT', '/api/users/me/picture', { body: { image }, token });

  it('is a small square picture and nothing else', async () => {
    const joe = await people.signUp('joe');
    const html = Buffer.from('<script>alert(1)</script>'.padEnd(64)).toString('base64');
    expect(await put(joe, html)).toMatchObject({ code: 'unsupported_media' });
    expect(await put(joe, png(513))).toMatchObject({ code: 'bad_request' });
    expect(await put(joe, '%%%')).toMatchObject({ code: 'bad_request' });
    expect((await put(joe, png(256, MAX_BYTES + 1))).status).toBeGreaterThanOrEqual(400);
    expect((await put(joe, png(256, MAX_BYTES))).status).toBe(200);
    const nobody = await people.call('PUT', '/api/users/me/picture', { body: { image: png(64) } });
    expect(nobody.status).toBe(401);
  });

  it('is served as a picture only, and goes with its owner into rooms', async () => {
    const [kim, leo] = await people.friends('kim', 'leo');
    const { picture } = (await put(kim, png(256))).value as UserView;
    expect(await contactsOf(leo)).toMatchObject([{ displayName: 'kim', picture }]);
    const answer = await fetch(`${amphi.base}${picture}`);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    expect(Buffer.from(await answer.arrayBuffer()).toString('base64')).toBe(png(256));

    const made = await people.call('POST', '/api/meetings', {
      body: { title: 'Rehearsal' },
      token: leo.token,
    });
    const { meetingId, hostToken } = made.value as CreatedMeeting;
    const join = async (
      token: string,
      body: object,
      headers?: Record<string, string>,
    ): Promise<unknown> =>
      (
        await people.call('POST', `/api/meetings/${meetingId}/join`, {
          body,
          token,
          ...(headers === undefined ? {} : { headers }),
        })
      ).value;
    const body = { displayName: 'Kim', userId: kim.user.userId };
    // With the host token of the room, the browser's own session says who it is.
    const session = { cookie: `amphi_user=${kim.token}`, origin: amphi.base };
    const joined = (await join(hostToken, body, session)) as {
      webSocketUrl: string;
      participantId: string;
    };
    const client = new SignalClient(joined.webSocketUrl, joined.participantId);
    await client.opened();
    client.say({ type: 'join', participantId: joined.participantId });
    const { self } = await client.next('welcome');
    expect(self).toMatchObject({ role: 'host', userId: kim.user.userId, picture });
    expect(await join(leo.token, body)).toMatchObject({ code: 'forbidden' });

    const second = (await put(kim, png(128))).value as UserView;
    expect(second.picture).not.toBe(picture);
    expect((await fetch(`${amphi.base}${picture}`)).status).toBe(404);
    await people.call('DELETE', '/api/users/me/picture', { token: kim.token });
    expect((await contactsOf(leo))[0]?.picture).toBeUndefined();
  });
});
