import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewSource, PublishToken } from '#contracts';
import { childrenOf, Instance, until } from '#support';

/** What a browser offers; nobody connects: the session is there for half a minute. */
const OFFER = readFileSync(new URL('../fixtures/sdp/chromium-whip.sdp', import.meta.url), 'utf8');
const FRAGMENT = 'a=ice-ufrag:b7mF\r\na=ice-pwd:UNlTQ7ga4fCyhltKIePO5Tp6\r\n';
const TURN = 'turn:turn.example.org:3478?transport=udp';

let amphi: Instance;
let eventId: string;
let source: NewSource;

beforeAll(async () => {
  amphi = await Instance.start({
    env: { AMPHI_TURN_URLS: `stun:stun.example.org,${TURN}`, AMPHI_TURN_SECRET: 'x'.repeat(20) },
  });
  ({ eventId, source } = await amphi.createEvent());
});

afterAll(async () => {
  await amphi?.stop();
});

const post = (path: string, key: string | undefined, body = OFFER, type = 'application/sdp') =>
  fetch(`${amphi.base}/whip/${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...(key && { authorization: `Bearer ${key}` }) },
    body,
  });
const end = async (answer: Response, key?: string) =>
  (
    await fetch(`${amphi.base}${answer.headers.get('location')}`, {
      method: 'DELETE',
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    })
  ).status;
const begun = async (path = eventId, key = source.streamKey): Promise<Response> => {
  const answer = await post(path, key);
  expect(answer.status).toBe(201);
  return answer;
};
/** Of the first candidate of an answer: that of the worker. */
const portOf = async (answer: Response): Promise<string | undefined> =>
  / udp \d+ \S+ (\d+) typ host/.exec(await answer.text())?.[1];

describe('WHIP', () => {
  it('makes a session of an offer with the stream key, takes candidates, and ends when told', async () => {
    const answer = await begun();
    expect(answer.headers.get('content-type')).toBe('application/sdp');
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(new RegExp(`^/whip/${eventId}/${source.sourceId}/[^/]+$`));
    const etag = answer.headers.get('etag') ?? '';
    expect(answer.headers.get('access-control-expose-headers')).toContain('Location');
    const sdp = await answer.text();
    expect(sdp).toContain('a=setup:passive');
    expect(sdp).toMatch(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/);
    const patch = (headers: Record<string, string>, body = FRAGMENT) =>
      fetch(`${amphi.base}${location}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/trickle-ice-sdpfrag', ...headers },
        body,
      }).then(({ status }) => status);
    expect(await patch({ 'if-match': etag })).toBe(204);
    expect(await patch({})).toBe(428);
    expect(await patch({ 'if-match': '"x"' })).toBe(412);
    expect(await patch({ 'if-match': '*' }, FRAGMENT.replace('b7mF', 'anew'))).toBe(422);
    expect(await end(answer, 'another-key')).toBe(401);
    expect(await end(answer, source.streamKey)).toBe(200);
    expect(await end(answer)).toBe(404);
  });

  it('tells STUN and TURN servers with credentials that hold for a time', async () => {
    const answer = await begun();
    const links = answer.headers.get('link') ?? '';
    expect(links).toContain('<stun:stun.example.org>; rel="ice-server"');
    const [, username, credential] =
      links.match(/<turn:[^>]+>; rel="ice-server"; username="(\d+):[^"]+"; credential="([^"]+)"/) ??
      [];
    expect(Number(username) * 1000).toBeGreaterThan(Date.now() + 60_000);
    expect(credential).toHaveLength(28);
    await end(answer);
  });

  it('takes the key for a source by its id, and a token made for it, until the key changes', async () => {
    const path = `${eventId}/${source.sourceId}`;
    await end(await begun(path));
    const made = await amphi.api<PublishToken>(
      'POST',
      `/api/events/${eventId}/sources/${source.sourceId}/publish-tokens`,
    );
    expect(made.whipUrl).toBe(`${amphi.base}/whip/${path}`);
    await end(await begun(path, made.token), made.token);
    const renewed = await amphi.api<NewSource>(
      'POST',
      `/api/events/${eventId}/sources/${source.sourceId}/rotate-key`,
    );
    expect((await post(path, made.token)).status).toBe(401);
    expect((await post(path, source.streamKey)).status).toBe(401);
    source = renewed;
  });

  it('ends the session whose key is changed', async () => {
    const answer = await begun();
    source = await amphi.api<NewSource>(
      'POST',
      `/api/events/${eventId}/sources/${source.sourceId}/rotate-key`,
    );
    await until('its end', async () => (await end(answer, source.streamKey)) === 404, 2_000);
  });

  it('refuses a second publisher while the first one is heard of', async () => {
    const first = await begun();
    // Nothing was ever heard of it: it is taken for dead after two seconds.
    const second = await post(eventId, source.streamKey);
    expect(second.status).toBe(201);
    expect(await end(first, source.streamKey)).toBe(404);
    await end(second);
  });

  it.each<[string, () => Promise<Response>, number]>([
    ['no key', () => post(eventId, undefined), 401],
    ['a wrong key', () => post(eventId, 'wrong'), 401],
    ['a forged token', () => post(eventId, 'a.b.c'), 401],
    ['an event that is not there', () => post('nowhere', source.streamKey), 404],
    ['what is no event id', () => post('No%20where', source.streamKey), 404],
    ['a source that is not there', () => post(`${eventId}/nobody`, source.streamKey), 404],
    ['another type of body', () => post(eventId, source.streamKey, OFFER, 'text/plain'), 415],
    ['what is no offer', () => post(eventId, source.streamKey, 'hello'), 400],
    [
      'an offer to receive',
      () => post(eventId, source.streamKey, OFFER.replaceAll('sendonly', 'recvonly')),
      406,
    ],
    ['a body too large', () => post(eventId, source.streamKey, 'x'.repeat(300_000)), 413],
    ['another method', () => fetch(`${amphi.base}/whip/${eventId}`), 405],
  ])('refuses %s', async (_what, ask, status) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('refuses the key of another event, and an event that has ended', async () => {
    const other = await amphi.createEvent();
    expect((await post(other.eventId, source.streamKey)).status).toBe(401);
    await amphi.api('PATCH', `/api/events/${other.eventId}`, { status: 'ended' });
    expect((await post(other.eventId, other.source.streamKey)).status).toBe(409);
  });

  it('lets pages of other sites ask', async () => {
    const answer = await fetch(`${amphi.base}/whip/${eventId}`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('Authorization');
    expect(answer.headers.get('accept-post')).toBe('application/sdp');
    // TURN credentials are for who has shown a key.
    expect(answer.headers.get('link')).toBeNull();
  });

  it('is what a source of its kind says', async () => {
    const made = await amphi.api<NewSource>('POST', `/api/events/${eventId}/sources`, {
      name: 'Browser',
      kind: 'whip',
    });
    expect(made.whipUrl).toBe(`${amphi.base}/whip/${eventId}/${made.sourceId}`);
    expect(made.rtmpUrl).toBeUndefined();
  });
});

describe('the call server', () => {
  const workers = async () => childrenOf(await amphi.pid('callserver'), 'node');

  it('starts a worker again that was killed, and ends its sessions', async () => {
    const answer = await begun();
    const before = await workers();
    expect(before).toHaveLength(2);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until('the end of the session', async () => (await end(answer)) === 404);
    await until('both workers', async () => {
      const now = await workers();
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    await until('a session', async () => {
      const again = await post(eventId, source.streamKey);
      if (again.status !== 201) return false;
      await end(again);
      return true;
    });
  });

  it('spreads sessions over its workers', async () => {
    const events = await Promise.all(Array.from({ length: 4 }, () => amphi.createEvent()));
    const beginAll = () =>
      Promise.all(events.map((made) => begun(made.eventId, made.source.streamKey)));
    const endAll = async (answers: readonly Response[]) => {
      for (const answer of answers) await end(answer);
    };
    // The process of a worker that was killed is there before it takes sessions.
    await until('both workers to take some', async () => {
      const answers = await beginAll();
      await endAll(answers);
      return new Set(await Promise.all(answers.map(portOf))).size === 2;
    });
    const answers = await beginAll();
    const ports = await Promise.all(answers.map(portOf));
    const times = [...new Set(ports)].map((port) => ports.filter((one) => one === port).length);
    expect(times).toEqual([2, 2]);
    await endAll(answers);
  });
});
