import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JoinedMeeting, MeetingView, ProblemView } from '#contracts';
import { ADMIN_TOKEN, createMeeting, Instance, SignalClient, until } from '#support';

let amphi: Instance;

beforeAll(async () => {
  amphi = await Instance.start({
    env: {
      AMPHI_ROLES: 'api,callserver',
      AMPHI_TURN_URLS: '["stun:stun.example:3478"]',
      AMPHI_SIGN_UP: 'closed',
    },
  });
  await callServerKnown();
});

afterAll(async () => {
  await amphi?.stop();
});

async function call(
  method: string,
  path: string,
  { body, token }: { body?: unknown; token?: string } = {},
): Promise<{ status: number; code: string; value: unknown }> {
  const answer = await fetch(`${amphi.base}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const value: unknown = answer.headers.get('content-type')?.includes('json')
    ? JSON.parse(text)
    : text;
  return { status: answer.status, code: (value as ProblemView).code, value };
}

const join = (base: string, meetingId: string, hostToken?: string) =>
  SignalClient.join(base, meetingId, hostToken === undefined ? {} : { hostToken });

/** Resolves once the signalling node knows of a call server: it looks every two seconds. */
async function callServerKnown(): Promise<void> {
  const { meetingId, hostToken } = await createMeeting(amphi.base, {
    settings: { route: 'callserver' },
  });
  const host = await join(amphi.base, meetingId, hostToken);
  await until('the call server to be known', async () => {
    const { value } = await call('GET', `/api/meetings/${meetingId}`, { token: hostToken });
    return (value as MeetingView).route?.peers === 'callserver';
  });
  host.say({ type: 'end' });
}

describe('meetings over HTTP', () => {
  it('are made by the admin only, shown to whoever has the link, ended by the host', async () => {
    expect((await call('POST', '/api/meetings', { body: { title: 'x' } })).status).toBe(401);
    const made = await createMeeting(amphi.base, {
      title: 'Plan',
      startTime: Date.now() + 3_600_000,
      settings: { password: 'open', capacity: 5 },
    });
    const path = `/api/meetings/${made.meetingId}`;
    const shown = (await call('GET', path)).value as MeetingView;
    expect(shown).toMatchObject({
      title: 'Plan',
      status: 'scheduled',
      participants: [],
      settings: { hasPassword: true, capacity: 5, waitingRoom: false },
      youAreHost: false,
    });
    expect(JSON.stringify(shown)).not.toMatch(/scrypt|hash/i);
    const calendar = await call('GET', `${path}/calendar.ics`);
    expect(calendar.value).toContain(`URL:${made.joinUrl}`);

    const change = { title: 'Plan B', settings: { muteOnEntry: true, password: null } };
    expect((await call('PATCH', path, { body: change })).status).toBe(401);
    expect((await call('PATCH', path, { body: change, token: 'wrong' })).status).toBe(403);
    const token = made.hostToken;
    expect((await call('PATCH', path, { body: change, token })).value).toMatchObject({
      title: 'Plan B',
      settings: { muteOnEntry: true, capacity: 5, hasPassword: false },
      youAreHost: true,
    });
    expect(await call('PATCH', path, { body: { hat: 1 }, token })).toMatchObject({
      code: 'unknown_field',
    });
    expect((await call('DELETE', path)).status).toBe(401);
    expect((await call('DELETE', path, { token })).value).toEqual({ success: true });
    expect((await call('GET', path)).value).toMatchObject({ status: 'ended' });
    const joining = await call('POST', `${path}/join`, { body: { displayName: 'Late' } });
    expect(joining).toMatchObject({ status: 410, code: 'meeting_ended' });
    const { items } = await amphi.api<{ items: MeetingView[] }>('GET', '/api/meetings?limit=1');
    expect(items).toMatchObject([{ meetingId: made.meetingId }]);
  });

  it('are not made by whoever comes, where accounts are for the admin to make', async () => {
    const body = { email: 'eve@example.org', password: 'a long one', displayName: 'Eve' };
    expect(await call('POST', '/api/users', { body })).toMatchObject({ code: 'forbidden' });
    expect((await call('POST', '/api/users', { body, token: ADMIN_TOKEN })).status).toBe(201);
  });

  it('let in who knows the password, and stop who guesses', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base, {
      settings: { password: 'open' },
    });
    const path = `/api/meetings/${meetingId}/join`;
    const knock = (password?: string, token?: string) =>
      call('POST', path, {
        body: { displayName: 'A', ...(password === undefined ? {} : { password }) },
        ...(token === undefined ? {} : { token }),
      });
    expect(await knock()).toMatchObject({ status: 403, code: 'wrong_password' });
    expect((await knock('open')).value).toMatchObject({ status: 'admitted' });
    for (let i = 0; i < 30; i++) expect((await knock('guess')).code).toBe('wrong_password');
    expect(await knock('open')).toMatchObject({ status: 429, code: 'too_many' });
    const asHost = (await knock(undefined, hostToken)).value as JoinedMeeting;
    expect(asHost.iceServers).toEqual([{ urls: ['stun:stun.example:3478'] }]);
    const other = { displayName: 'A', userId: 'somebody' };
    expect((await call('POST', path, { body: other })).status).toBe(403);
  });

  it('ask for the password that they have when somebody comes in, not when that one knocked', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await join(amphi.base, meetingId, hostToken);
    const early = await SignalClient.knock(amphi.base, meetingId);
    await early.opened();
    const body = { settings: { password: 'open' } };
    await call('PATCH', `/api/meetings/${meetingId}`, { body, token: hostToken });
    await host.next('meeting-updated');
    early.say({ type: 'join', participantId: early.participantId });
    expect(await early.next('error', 'welcome')).toMatchObject({ code: 'wrong_password' });
    const knows = await SignalClient.join(amphi.base, meetingId, { password: 'open' });
    await knows.next('welcome');
    await (await join(amphi.base, meetingId, hostToken)).next('welcome');
  });
});

describe('a room', () => {
  it('brings people together: they see each other, write, move, and leave', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await join(amphi.base, meetingId, hostToken);
    const { iceServers } = await host.next('token');
    expect(iceServers).toEqual([{ urls: ['stun:stun.example:3478'] }]);
    const guest = await SignalClient.join(amphi.base, meetingId, { displayName: '‮<b>Eve</b>' });
    expect(await host.next('participant-joined')).toMatchObject({
      participant: { participantId: guest.participantId, displayName: '‮<b>Eve</b>' },
    });
    guest.say({ type: 'offer', to: host.participantId, sdp: 'v=0' });
    expect(await host.next('offer')).toMatchObject({ from: guest.participantId, sdp: 'v=0' });
    expect(await guest.ask({ type: 'unmute', mediaType: 'audio' })).toMatchObject({ type: 'ok' });
    expect(await host.next('media-update')).toMatchObject({ audio: true, video: false });

    const said = await guest.ask({ type: 'chat', message: '<script>alert(1)</script>' });
    expect(await host.next('chat')).toMatchObject({ message: '<script>alert(1)</script>' });
    const late = await join(amphi.base, meetingId);
    const welcome = await late.next('welcome');
    expect(welcome.chat).toMatchObject([{ from: guest.participantId }]);
    expect(welcome.participants).toHaveLength(2);
    expect(said).toMatchObject({ messageId: welcome.chat[0]?.messageId });

    const path = `/api/meetings/${meetingId}`;
    const seen = await until('all three to be shown', async () => {
      const { value } = await call('GET', path, { token: hostToken });
      return (value as MeetingView).participants.length === 3 ? (value as MeetingView) : false;
    });
    expect(seen).toMatchObject({
      status: 'active',
      host: 'Somebody',
      route: { peers: 'mesh', reason: expect.stringContaining('shortest way') },
    });
    const nobodyShown = { participants: [], participantCount: 3 };
    expect((await call('GET', path)).value).toMatchObject(nobodyShown);
    // Nor to who has a token and has not come in.
    const knocked = await call('POST', `${path}/join`, { body: { displayName: 'Kim' } });
    const { token } = knocked.value as JoinedMeeting;
    expect((await call('GET', path, { token })).value).toMatchObject(nobodyShown);

    expect(await guest.ask({ type: 'end' })).toMatchObject({ code: 'forbidden' });
    expect(await guest.ask({ type: 'leave' })).toMatchObject({ type: 'ok' });
    expect((await guest.closed).code).toBe(1000);
    expect(await host.next('participant-left')).toMatchObject({ reason: 'left' });
    const slow = await SignalClient.knock(amphi.base, meetingId);
    await slow.opened();
    await call('DELETE', path, { token: hostToken });
    expect(await late.next('meeting-ended')).toMatchObject({ reason: 'deleted' });
    expect((await late.closed).code).toBe(4004);
    slow.say({ type: 'join', participantId: slow.participantId });
    expect(await slow.next('error')).toMatchObject({ code: 'meeting_ended' });
    expect(host.messages.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('keeps strangers waiting until the host lets them in', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base, {
      settings: { waitingRoom: true },
    });
    const guest = await join(amphi.base, meetingId);
    await guest.next('waiting');
    const host = await join(amphi.base, meetingId, hostToken);
    const { waiting } = await host.next('welcome');
    expect(waiting).toMatchObject([{ participantId: guest.participantId }]);
    await host.ask({ type: 'admit', participantId: guest.participantId });
    await guest.next('welcome');
    await host.ask({ type: 'ban', participantId: guest.participantId });
    expect(await guest.next('removed')).toMatchObject({ reason: 'banned' });
    expect((await guest.closed).code).toBe(4003);
  });

  it('has it written down who is banned and that it is locked, beside all other settings', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base, {
      settings: { muteOnEntry: true },
    });
    const knock = (cookie = '') =>
      fetch(`${amphi.base}/api/meetings/${meetingId}/join`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie },
        body: JSON.stringify({ displayName: 'Guest' }),
      });
    const first = await knock();
    const [cookie = ''] = first.headers.getSetCookie()[0]?.split(';') ?? [];
    const { webSocketUrl, participantId } = (await first.json()) as JoinedMeeting;
    const guest = new SignalClient(webSocketUrl, participantId);
    await guest.opened();
    guest.say({ type: 'join', participantId });
    await guest.next('welcome');
    const host = await join(amphi.base, meetingId, hostToken);
    await host.ask({ type: 'ban', participantId });
    await until('the ban to be written', async () => {
      const { code } = (await (await knock(cookie)).json()) as ProblemView;
      return code === 'banned';
    });
    expect((await knock()).status).toBe(200);
    await host.ask({ type: 'lock', locked: true });
    const settings = await until('the lock to be written', async () => {
      const { value } = await call('GET', `/api/meetings/${meetingId}`);
      const { settings } = value as MeetingView;
      return settings.locked && settings;
    });
    expect(settings).toMatchObject({ locked: true, muteOnEntry: true });
  });

  it('is told of what is changed over HTTP', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const guest = await join(amphi.base, meetingId);
    const body = { title: 'Renamed', settings: { locked: true } };
    await call('PATCH', `/api/meetings/${meetingId}`, { body, token: hostToken });
    expect(await guest.next('meeting-updated')).toMatchObject({
      title: 'Renamed',
      settings: { locked: true },
    });
  });
});

describe('over the call server', () => {
  const sdp = (name: string) =>
    readFileSync(new URL(`../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
  const sending = { type: 'offer', to: 'callserver', purpose: 'send' } as const;
  const receiving = { type: 'offer', to: 'callserver', purpose: 'receive' } as const;

  it('goes what four people send: each is told what there is, and which section carries it', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await join(amphi.base, meetingId, hostToken);
    const [ann, bob] = [await join(amphi.base, meetingId), await join(amphi.base, meetingId)];
    const fourth = await join(amphi.base, meetingId);
    expect(await fourth.next('welcome')).toMatchObject({ route: { peers: 'callserver' } });
    expect(await ann.next('route')).toMatchObject({ peers: 'callserver' });

    const labels = { '0': 'microphone', '1': 'camera' } as const;
    const offer = { ...sending, sdp: sdp('chromium-whip') };
    expect(await ann.ask(offer)).toMatchObject({ type: 'error' });
    expect(await ann.ask({ ...offer, labels })).toMatchObject({ type: 'ok' });
    expect(await ann.next('answer')).toMatchObject({
      from: 'callserver',
      purpose: 'send',
      sdp: expect.stringContaining('a=candidate'),
    });
    const both = [
      { participantId: ann.participantId, media: 'microphone' },
      { participantId: ann.participantId, media: 'camera' },
    ];
    const all = await bob.until(
      'both streams',
      (one) => one.type === 'streams-changed' && one.streams.length === 2,
    );
    expect(all).toMatchObject({ streams: both });
    expect(ann.of('streams-changed').flatMap(({ streams }) => streams)).toEqual([]);

    expect(await bob.ask({ ...receiving, sdp: sdp('firefox-whep') })).toMatchObject({ type: 'ok' });
    const { sections = [] } = await bob.next('answer');
    expect(sections.map(({ mid: _, ...stream }) => stream)).toEqual(expect.arrayContaining(both));
    const camera = both[1]!;
    const want = { type: 'want', ...camera, width: 320, height: 180 } as const;
    expect(await bob.ask({ ...want, media: 'camera' })).toMatchObject({ type: 'ok' });
    expect(await bob.ask({ ...receiving, sdp: 'no description' })).toMatchObject({
      code: 'bad_request',
    });

    await host.ask({ type: 'remove', participantId: ann.participantId });
    await bob.until(
      'nothing to receive',
      (one) =>
        one.sequence > all.sequence && one.type === 'streams-changed' && one.streams.length === 0,
    );
  });

  it('outlives the node of the room: the next one finds what is there', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base, {
      settings: { route: 'callserver' },
    });
    const host = await join(amphi.base, meetingId, hostToken);
    const guest = await join(amphi.base, meetingId);
    const labels = { '0': 'microphone', '1': 'camera' } as const;
    await host.ask({ ...sending, sdp: sdp('chromium-whip'), labels });
    process.kill(await amphi.pid('api'), 'SIGKILL');
    await guest.closed;
    const again = (await until(
      'the node to be back',
      () => guest.resume().catch(() => false),
      25_000,
    )) as SignalClient;
    const { streams } = await again.next('welcome');
    expect(streams).toHaveLength(2);
    expect(await again.ask({ ...receiving, sdp: sdp('firefox-whep') })).toMatchObject({
      type: 'ok',
    });
    expect((await again.next('answer')).sections).toHaveLength(2);
  });
});

describe('coming again', () => {
  it('loses nothing: what was missed is repeated in its order, what was said twice is done once', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await join(amphi.base, meetingId, hostToken);
    const guest = await join(amphi.base, meetingId);
    guest.say({ type: 'chat', message: 'before', ref: 'mine' });
    await host.next('chat');
    await guest.until('the answer', (one) => one.type === 'ok' && one.ref === 'mine');
    guest.cut();
    await host.until(
      'the break',
      (one) => one.type === 'participant-updated' && !one.participant.connected,
    );
    for (let i = 0; i < 20; i++) host.say({ type: 'reaction', emoji: `e${i}` });
    await host.ask({ type: 'chat', message: 'while away' });
    const again = await guest.resume();
    again.say({ type: 'chat', message: 'before', ref: 'mine' });
    await again.until('the answer', (one) => one.type === 'ok' && one.ref === 'mine');
    const numbers = again.messages.filter(({ sequence }) => sequence > 0);
    expect(numbers.map(({ sequence }) => sequence - guest.sequence)).toEqual(
      numbers.map((_, i) => i + 1),
    );
    expect(again.of('reaction').map(({ emoji }) => emoji)).toEqual(
      Array.from({ length: 20 }, (_, i) => `e${i}`),
    );
    expect(again.of('chat').map(({ message }) => message)).toEqual(['while away']);
    expect(host.of('chat')).toHaveLength(2);
    // After 64 others its answer is forgotten; what is kept under it is not.
    for (let i = 0; i < 64; i++) await again.ask({ type: 'mute', mediaType: 'audio' });
    again.say({ type: 'chat', message: 'another', ref: 'mine' });
    await again.until(
      'the refusal',
      (one) => one.type === 'error' && one.ref === 'mine' && one.code === 'conflict',
    );
    expect(host.of('chat')).toHaveLength(2);
    expect(again.of('welcome')).toEqual([]);
  });

  it('takes over from a socket that only looks alive, and briefs anew who is too far behind', async () => {
    const { meetingId } = await createMeeting(amphi.base);
    const first = await join(amphi.base, meetingId);
    const second = await first.resume();
    await second.next('resumed');
    expect((await first.closed).code).toBe(4001);
    // It claims to have heard what was never said.
    const third = await first.resume({ sequence: 1_000 });
    const welcome = await third.next('welcome');
    expect(welcome).toMatchObject({ resumed: false, participants: [] });
    expect(welcome.sequence).toBe(1_001);
  });

  it('survives the death of the node: everybody resumes, and nobody is lost', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await join(amphi.base, meetingId, hostToken);
    const guest = await join(amphi.base, meetingId);
    await host.ask({ type: 'lock', locked: true });
    await guest.ask({ type: 'hand-raise' });
    await host.ask({ type: 'chat', message: 'kept' });
    const pid = await amphi.pid('api');
    process.kill(pid, 'SIGKILL');
    await Promise.all([host.closed, guest.closed]);
    const back = (who: SignalClient) =>
      until('the node to be back', () => who.resume().catch(() => false), 25_000);
    const [h, g] = (await Promise.all([back(host), back(guest)])) as SignalClient[];
    const welcome = await g!.next('welcome');
    expect(welcome).toMatchObject({
      resumed: false,
      participants: [{ participantId: host.participantId, role: 'host' }],
      chat: [{ message: 'kept' }],
      meeting: { settings: { locked: true } },
    });
    expect(welcome.self.handRaisedAt).toBeDefined();
    await h!.next('welcome');
    expect(await h!.ask({ type: 'lock', locked: false })).toMatchObject({ type: 'ok' });
  });

  it('is not even needed when the database or Redis restarts: what is said is kept', async () => {
    const { meetingId, hostToken } = await createMeeting(amphi.base);
    const host = await join(amphi.base, meetingId, hostToken);
    const guest = await join(amphi.base, meetingId);
    process.kill(await amphi.pid('database'), 'SIGKILL');
    const said = await guest.ask({ type: 'chat', message: 'while the database is away' });
    expect(said).toMatchObject({ type: 'ok' });
    expect(await host.next('chat')).toMatchObject({ message: 'while the database is away' });
    process.kill(await amphi.pid('redis'), 'SIGKILL');
    expect(await guest.ask({ type: 'hand-raise' })).toMatchObject({ type: 'ok' });
    expect(await guest.ask({ type: 'chat', message: 'and Redis' })).toMatchObject({ type: 'ok' });
    const path = `/api/meetings/${meetingId}`;
    await until('the API to be back', async () => (await call('GET', path)).status === 200);
    const late = await until('somebody to get in', () => join(amphi.base, meetingId));
    const welcome = await late.next('welcome');
    expect(welcome.chat.map(({ message }) => message)).toEqual([
      'while the database is away',
      'and Redis',
    ]);
    expect(welcome.participants).toHaveLength(2);
    expect(await late.ask({ type: 'chat-history' })).toMatchObject({ type: 'ok' });
    expect((await late.next('chat-history')).messages).toHaveLength(2);
    expect([host, guest].map(({ socket }) => socket.readyState)).toEqual([1, 1]);
  });
});
