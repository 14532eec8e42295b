import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contact, CreatedMeeting, MeetingView } from '#contracts';
import { Instance, SignalClient } from '#support';
import { Device, PASSWORD, People, type SignedIn } from './people-rig.ts';

let amphi: Instance;
let people: People;

beforeAll(async () => {
  amphi = await Instance.start({ env: { AMPHI_ROLES: 'api' } });
  people = new People(amphi);
});

afterAll(async () => {
  await amphi?.stop();
});

const call: People['call'] = (...all) => people.call(...all);
const signUp: People['signUp'] = (name) => people.signUp(name);

describe('an account', () => {
  it('is made once, signed in to by its password, and out of for good', async () => {
    const body = { email: 'ann@example.org', password: PASSWORD, displayName: 'Ann' };
    const made = await call('POST', '/api/users', { body });
    expect(made.status).toBe(201);
    expect(made.value).toMatchObject({ user: { email: 'ann@example.org', displayName: 'Ann' } });
    expect(JSON.stringify(made.value)).not.toContain('scrypt');
    expect(made.cookies[0]).toMatch(/^amphi_user=.*HttpOnly; SameSite=Strict/);
    const again = { ...body, email: 'ANN@example.org' };
    expect(await call('POST', '/api/users', { body: again })).toMatchObject({ code: 'conflict' });
    const short = { ...body, email: 'b@example.org', password: '1234567' };
    expect((await call('POST', '/api/users', { body: short })).status).toBe(400);

    const cookie = made.cookies[0]?.split(';')[0] ?? '';
    expect((await call('GET', '/api/users/me', { headers: { cookie } })).status).toBe(200);
    // A page elsewhere may make the browser send the cookie, and gets nowhere.
    const foreign = { cookie, origin: 'https://evil.example' };
    const title = { title: 'x' };
    expect((await call('POST', '/api/meetings', { body: title, headers: foreign })).status).toBe(
      403,
    );
    const own = { cookie, origin: amphi.base };
    expect((await call('POST', '/api/meetings', { body: title, headers: own })).status).toBe(201);
    const { token } = made.value as SignedIn;
    expect((await call('DELETE', '/api/sessions/current', { token })).status).toBe(204);
    expect((await call('GET', '/api/users/me', { headers: { cookie } })).status).toBe(401);

    const { displayName: _, ...signIn } = body;
    expect((await call('POST', '/api/sessions', { body: signIn })).status).toBe(200);
    const wrong = { ...signIn, password: 'wrong' };
    const unknown = { ...wrong, email: 'nobody@example.org' };
    const answers = [
      await call('POST', '/api/sessions', { body: wrong }),
      await call('POST', '/api/sessions', { body: unknown }),
    ];
    expect(answers.map(({ code }) => code)).toEqual(['unauthorized', 'unauthorized']);
    expect(answers[0]?.value).toEqual(answers[1]?.value);
  });

  it('takes a new password for the present one only, and that ends the other sessions', async () => {
    const { token } = await signUp('pat');
    const password = 'another horse';
    const change = (body: object) => call('PATCH', '/api/users/me', { body, token });
    expect((await change({ password })).status).toBe(401);
    const done = await change({ password, currentPassword: PASSWORD, displayName: 'Pat P.' });
    expect(done.value).toMatchObject({ displayName: 'Pat P.' });
    expect((await change({ displayName: 'x' })).status).toBe(401);
    const cookie = done.cookies[0]?.split(';')[0] ?? '';
    expect((await call('GET', '/api/users/me', { headers: { cookie } })).status).toBe(200);
  });

  it('has meetings of its own: is their host without the host token, and sees no others', async () => {
    const [ann, bob] = [await signUp('owner'), await signUp('stranger')];
    const made = await call('POST', '/api/meetings', { body: { title: 'Mine' }, token: ann.token });
    const { meetingId } = made.value as CreatedMeeting;
    const list = async (token: string) =>
      ((await call('GET', '/api/meetings', { token })).value as { items: MeetingView[] }).items;
    expect((await list(ann.token)).map((one) => one.meetingId)).toEqual([meetingId]);
    expect(await list(bob.token)).toEqual([]);
    const path = `/api/meetings/${meetingId}`;
    const body = { title: 'Changed' };
    expect((await call('PATCH', path, { body, token: bob.token })).status).toBe(403);
    expect((await call('PATCH', path, { body, token: ann.token })).status).toBe(200);
    const join = { displayName: 'Bob', userId: bob.user.userId };
    expect((await call('POST', `${path}/join`, { body: join, token: ann.token })).status).toBe(403);
    expect((await call('POST', `${path}/join`, { body: join, token: bob.token })).status).toBe(200);
  });

  it('is not found by guessing its password', async () => {
    await signUp('guessed');
    const guess = (password: string) =>
      call('POST', '/api/sessions', { body: { email: 'guessed@example.org', password } });
    let guesses = 0;
    while ((await guess('guess')).status === 401) guesses++;
    // Those of the same address before it count, too.
    expect(guesses).toBeGreaterThanOrEqual(15);
    expect(guesses).toBeLessThanOrEqual(20);
    expect((await guess(PASSWORD)).status).toBe(429);
  });
});

describe('contacts', () => {
  const contacts = async ({ token }: SignedIn) =>
    ((await call('GET', '/api/contacts', { token })).value as { items: Contact[] }).items.map(
      ({ displayName, state }) => `${displayName} ${state}`,
    );
  const ask: People['ask'] = (...all) => people.ask(...all);
  const change: People['change'] = (...all) => people.change(...all);

  it('are asked, accepted and removed on both sides', async () => {
    const [ann, bob] = [await signUp('anna'), await signUp('bob')];
    expect((await ask(ann, 'bob')).status).toBe(204);
    expect((await ask(ann, 'anna')).status).toBe(400);
    expect((await ask(ann, 'nobody')).status).toBe(204);
    expect([await contacts(ann), await contacts(bob)]).toEqual([
      ['bob@example.org requested', 'nobody@example.org requested'],
      ['anna asked'],
    ]);
    expect((await change(ann, bob, 'accepted')).status).toBe(404);
    await change(bob, ann, 'accepted');
    const nobody = 'nobody@example.org requested';
    expect([await contacts(ann), await contacts(bob)]).toEqual([
      ['bob accepted', nobody],
      ['anna accepted'],
    ]);
    await call('DELETE', `/api/contacts/${bob.user.userId}`, { token: ann.token });
    expect([await contacts(ann), await contacts(bob)]).toEqual([[nobody], []]);
    // Both ask.
    await ask(ann, 'bob');
    await ask(bob, 'anna');
    expect(await contacts(ann)).toEqual(['bob accepted', nobody]);
  });

  it('who is blocked asks in vain and is not told', async () => {
    const [ann, eve] = [await signUp('annika'), await signUp('eve')];
    await ask(eve, 'annika');
    await change(ann, eve, 'blocked');
    await call('DELETE', `/api/contacts/${ann.user.userId}`, { token: eve.token });
    expect((await ask(eve, 'annika')).status).toBe(204);
    expect([await contacts(ann), await contacts(eve)]).toEqual([
      ['eve blocked'],
      ['annika@example.org requested'],
    ]);
    expect((await change(eve, ann, 'accepted')).status).toBe(404);
  });

  it('who has asked and then blocked stays with that when the other accepts', async () => {
    const [ina, max] = [await signUp('ina'), await signUp('max')];
    await ask(ina, 'max');
    await change(ina, max, 'blocked');
    expect((await change(max, ina, 'accepted')).status).toBeLessThan(300);
    expect([await contacts(ina), await contacts(max)]).toEqual([['max blocked'], ['ina accepted']]);
  });
});

describe('calls', () => {
  it('ring every device, and go on in a room on the one that answers first', async () => {
    const [ann, bob] = await people.friends('caller', 'callee');
    const a = await people.device(ann);
    const phone = await people.device(bob);
    expect(await a.next('presence')).toMatchObject({ presence: 'online' });
    const laptop = await people.device(bob);
    a.say({
      type: 'call',
      to: bob.user.userId,
      media: 'video',
      capabilities: { maxHeight: 1080, videoCodecs: ['video/VP8', 'video/AV1'] },
      ref: 'c',
    });
    const { callId } = await a.next('ringing');
    expect(await a.next('ok')).toMatchObject({ ref: 'c', callId });
    for (const device of [phone, laptop]) {
      expect(await device.next('incoming-call')).toMatchObject({
        callId,
        from: ann.user.userId,
        displayName: 'caller',
        media: 'video',
      });
    }
    // Who does not take part may do nothing.
    expect(await phone.refusal({ type: 'cancel', callId })).toBe('forbidden');
    expect(await a.refusal({ type: 'accept', callId })).toBe('forbidden');
    laptop.say({
      type: 'accept',
      callId,
      capabilities: { maxHeight: 720, videoCodecs: ['video/VP8'] },
    });
    expect(await phone.next('call-ended')).toMatchObject({ reason: 'answered-elsewhere' });
    expect(await phone.refusal({ type: 'accept', callId })).toBe('conflict');
    const [mine, theirs] = [await a.next('call-accepted'), await laptop.next('call-accepted')];
    expect(mine.agreed).toMatchObject({ maxHeight: 720, videoCodecs: ['video/VP8'] });
    const both = [mine, theirs].map(
      ({ room }) => new SignalClient(room.webSocketUrl, room.participantId),
    );
    for (const one of both) {
      await one.opened();
      one.say({ type: 'join', participantId: one.participantId });
    }
    await both[0]!.next('participant-joined', 'welcome');

    laptop.say({ type: 'capabilities', callId, capabilities: { maxHeight: 360 } });
    expect(await a.next('call-agreed')).toMatchObject({ agreed: { maxHeight: 360 } });
    // Neither takes another call meanwhile.
    expect(await a.refusal({ type: 'call', to: bob.user.userId, media: 'audio' })).toBe('conflict');
    laptop.say({ type: 'hang-up', callId });
    expect(await a.next('call-ended')).toMatchObject({ callId, reason: 'hung-up' });
    expect((await both[0]!.closed).code).toBe(4004);
  });

  it('are declined, cancelled, busy, or missed, and missed ones are told of later, once', async () => {
    const [ann, bob] = await people.friends('dora', 'emil');
    const a = await people.device(ann);
    const ring = async (): Promise<string> => {
      a.say({ type: 'call', to: bob.user.userId, media: 'audio', ref: 'c' });
      return (await a.next('ok')).callId ?? '';
    };
    await ring();
    expect(await a.next('call-ended')).toMatchObject({ reason: 'unavailable' });
    const b = await people.device(bob);
    const declined = await ring();
    await b.next('incoming-call');
    b.say({ type: 'decline', callId: declined });
    expect(await a.next('call-ended')).toMatchObject({ callId: declined, reason: 'declined' });
    const cancelled = await ring();
    await b.next('incoming-call');
    a.say({ type: 'cancel', callId: cancelled });
    await a.next('call-ended');
    await b.next('call-ended');
    await b.next('call-ended');
    expect(await b.next('call-missed')).toMatchObject({ callId: cancelled });

    // A third one calls while the two are talking.
    const third = await signUp('fay');
    await people.ask(third, 'emil');
    await people.ask(bob, 'fay');
    const talking = await ring();
    await b.next('incoming-call');
    b.say({ type: 'accept', callId: talking });
    await b.next('call-accepted');
    const f = await people.device(third);
    f.say({ type: 'call', to: bob.user.userId, media: 'audio' });
    expect(await f.next('call-ended')).toMatchObject({ reason: 'busy' });
    b.say({ type: 'hang-up', callId: talking });
    await a.next('call-ended');

    // A device that goes while it calls, calls no more.
    await ring();
    a.socket.terminate();
    const again = await people.connect(bob);
    const { missed } = await again.next('hello');
    expect(missed.length).toBeGreaterThanOrEqual(3);
    again.say({ type: 'missed-seen', ref: 's' });
    await again.next('ok');
    await b.next('call-missed');
    const fresh = await people.connect(bob);
    const hello = await fresh.next('hello');
    expect(hello.missed.filter(({ callId }) => callId === cancelled)).toEqual([]);
  });

  it('are for contacts only, and who is blocked learns nothing', async () => {
    const [ann, bob] = await people.friends('gus', 'hope');
    const stranger = await signUp('ike');
    const [a, b] = [await people.device(ann), await people.device(bob)];
    const to = bob.user.userId;
    const s = await people.device(stranger);
    expect(await s.refusal({ type: 'call', to, media: 'audio' })).toBe('forbidden');
    expect(await a.refusal({ type: 'call', to: ann.user.userId, media: 'audio' })).toBe(
      'bad_request',
    );
    await people.change(bob, ann, 'blocked');
    a.say({ type: 'call', to, media: 'audio' });
    expect(await a.next('call-ended')).toMatchObject({ reason: 'unavailable' });
    await b.settled();
    expect(b.events.filter(({ type }) => type.includes('call'))).toEqual([]);
    b.socket.send('{"type":"hat"}');
    expect(await b.next('error')).toMatchObject({ code: 'bad_request' });
    const forged = new Device(`${amphi.base.replace('http', 'ws')}/signal/user?token=${ann.token}`);
    await forged.closed;
    expect(forged.events).toEqual([]);
  });
});
