import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemView } from '#contracts';
import { ADMIN_TOKEN, Instance } from '#support';

let amphi: Instance;
let eventId: string;
let sourceId: string;

beforeAll(async () => {
  amphi = await Instance.start();
  const made = await amphi.createEvent();
  eventId = made.eventId;
  sourceId = made.source.sourceId;
});

afterAll(async () => {
  await amphi?.stop();
});

async function problem(method: string, path: string, body?: unknown): Promise<ProblemView> {
  const answer = await amphi.fetchApi(method, path, body);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const value = (await answer.json()) as ProblemView;
  expect(value).toMatchObject({ status: answer.status, type: `urn:amphi:error:${value.code}` });
  return value;
}

const status = async (method: string, path: string, body?: unknown): Promise<number> =>
  (await amphi.fetchApi(method, path, body)).status;

const text = (length: number): string => 'x'.repeat(length);

describe('the API document', () => {
  interface Operation {
    operationId: string;
    parameters?: { name: string; in: string; required: boolean }[];
    responses: Record<string, unknown>;
  }
  type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

  it('has every call that is offered', async () => {
    const { openapi, paths } = await amphi.api<Document>('GET', '/api/openapi.json');
    expect(openapi).toBe('3.1.0');
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(calls).toEqual(
      expect.arrayContaining([
        'POST /api/events',
        'GET /api/events',
        'GET /api/events/{eventId}',
        'PATCH /api/events/{eventId}',
        'DELETE /api/events/{eventId}',
        'POST /api/events/{eventId}/sources',
        'PATCH /api/events/{eventId}/sources/{sourceId}',
        'DELETE /api/events/{eventId}/sources/{sourceId}',
        'POST /api/events/{eventId}/sources/{sourceId}/rotate-key',
        'GET /api/events/{eventId}/program',
        'PUT /api/events/{eventId}/program',
        'GET /api/events/{eventId}/live',
        'GET /api/live',
        'GET /api/play/{eventId}',
        'GET /hls/{eventId}/master.m3u8',
        'GET /healthz',
        'GET /readyz',
        'GET /metrics',
      ]),
    );
  });

  it('refers to nothing that is not in it, and names every parameter of every path', async () => {
    const document = await amphi.api<Document>('GET', '/api/openapi.json');
    for (const [, pointer = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
      expect(target, pointer).toBeTypeOf('object');
    }
    const ids: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const { operationId, parameters = [], responses } of Object.values(methods)) {
        ids.push(operationId);
        const named = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
        expect(named, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
        expect(Object.keys(responses).length).toBeGreaterThan(0);
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a body', () => {
  const LIMITS = [
    { field: 'title', good: text(140), bad: text(141) },
    { field: 'title', good: 'x', bad: '  ' },
    { field: 'dvrSeconds', good: 10, bad: 9 },
    { field: 'dvrSeconds', good: 604_800, bad: 604_801 },
    { field: 'dvrSeconds', good: 60, bad: 60.5 },
    { field: 'ladder', good: ['720p'], bad: [] },
    { field: 'ladder', good: ['720p', 'audio'], bad: Array(17).fill('720p') },
    { field: 'visibility', good: 'private', bad: 'secret' },
    { field: 'latency', good: 'ultra', bad: 'none' },
    { field: 'record', good: true, bad: 'yes' },
  ];

  it.each(LIMITS)('takes $field up to its limit and nothing beyond', async (limit) => {
    const { field, good, bad } = limit;
    const path = `/api/events/${eventId}`;
    expect(await status('PATCH', path, { [field]: good })).toBe(200);
    const said = await problem('PATCH', path, { [field]: bad });
    expect(said).toMatchObject({ code: 'bad_request', status: 400, field });
    expect(said.errors).toMatchObject([{ pointer: `#/${field}`, detail: expect.any(String) }]);
  });

  it('takes an id up to its limit and nothing beyond, and each id once', async () => {
    const body = (length: number) => ({ title: 'x', eventId: text(length) });
    expect(await status('POST', '/api/events', body(64))).toBe(201);
    expect(await problem('POST', '/api/events', body(64))).toMatchObject({ code: 'conflict' });
    expect(await problem('POST', '/api/events', body(65))).toMatchObject({ field: 'eventId' });
  });

  it('takes the name of a source up to its limit and nothing beyond', async () => {
    const path = `/api/events/${eventId}/sources/${sourceId}`;
    expect(await status('PATCH', path, { name: text(80) })).toBe(200);
    const said = await problem('PATCH', path, { name: text(81) });
    expect(said).toMatchObject({ field: 'name', errors: [{ pointer: '#/name' }] });
  });

  it('names all that is wrong with it, each with its place', async () => {
    const said = await problem('POST', '/api/events', { title: '', latency: 'x', 'a/b~': 1 });
    expect(said.errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '#/a~1b~0',
      '#/latency',
      '#/title',
    ]);
  });

  it('names a field that nobody knows', async () => {
    expect(await problem('POST', '/api/events', { title: 'x', colour: 'red' })).toMatchObject({
      code: 'unknown_field',
      field: 'colour',
      errors: [{ pointer: '#/colour' }],
    });
  });

  it('names a rendition that the server does not have, and a kind that it does not offer', async () => {
    const ladder = ['720p', '9000p'];
    expect(await problem('PATCH', `/api/events/${eventId}`, { ladder })).toMatchObject({
      errors: [{ pointer: '#/ladder/1' }],
    });
    const source = { name: 'x', kind: 'srt' };
    expect(await problem('POST', `/api/events/${eventId}/sources`, source)).toMatchObject({
      errors: [{ pointer: '#/kind' }],
    });
  });

  it('of 256 KiB is read, of more it is not', async () => {
    const body = (bytes: number) => {
      const start = '{"title":"x","pad":"';
      return `${start}${text(bytes - start.length - 2)}"}`;
    };
    const send = (bytes: number) =>
      fetch(`${amphi.base}/api/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        body: body(bytes),
      });
    expect(await (await send(256 * 1024)).json()).toMatchObject({ code: 'unknown_field' });
    expect(await (await send(256 * 1024 + 1)).json()).toMatchObject({ code: 'body_too_large' });
  });

  it.each(['{"title":', '[]', 'null', '"title"', ''])('that is %j is refused', async (body) => {
    const answer = await fetch(`${amphi.base}/api/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'bad_request' });
  });
});

describe('an address', () => {
  it.each([
    { query: 'limit=1', good: true },
    { query: 'limit=200', good: true },
    { query: `search=${text(140)}`, good: true },
    { query: 'limit=0', good: false },
    { query: 'limit=201', good: false },
    { query: 'limit=x', good: false },
    { query: `search=${text(141)}`, good: false },
    { query: 'cursor=NOT%20AN%20ID', good: false },
  ])('with $query is taken: $good', async ({ query, good }) => {
    if (good) expect(await status('GET', `/api/events?${query}`)).toBe(200);
    else {
      expect(await problem('GET', `/api/events?${query}`)).toMatchObject({
        errors: [{ parameter: query.split('=')[0] }],
      });
    }
  });

  it('of nothing is a problem with a code, as is an event that is not there', async () => {
    expect(await problem('GET', '/api/nothing')).toMatchObject({ code: 'not_found' });
    expect(await problem('GET', '/api/events/nobody')).toMatchObject({ code: 'event_not_found' });
    expect(await problem('GET', '/api/events/%ff')).toMatchObject({ code: 'bad_request' });
  });
});

describe('a session', () => {
  async function signIn(): Promise<{ cookie: string; header: string }> {
    const answer = await fetch(`${amphi.base}/api/sessions/admin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: ADMIN_TOKEN }),
    });
    expect(answer.status).toBe(204);
    const header = answer.headers.get('set-cookie') ?? '';
    return { cookie: header.split(';')[0] ?? '', header };
  }

  const change = (headers: Record<string, string>) =>
    fetch(`${amphi.base}/api/events/${eventId}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ title: 'Changed' }),
    });

  it('is a cookie that scripts cannot read and other sites cannot use', async () => {
    const { header } = await signIn();
    expect(header).toContain('HttpOnly');
    expect(header).toContain('SameSite=Strict');
    expect(header).toContain('Path=/');
  });

  it('changes things for pages of this server only', async () => {
    const { cookie } = await signIn();
    expect((await change({ cookie, origin: amphi.base })).status).toBe(200);
    for (const origin of ['https://evil.example', 'null', `${amphi.base}.evil.example`]) {
      expect((await change({ cookie, origin })).status, origin).toBe(403);
    }
    expect((await change({ cookie })).status).toBe(403);
    expect((await change({})).status).toBe(401);
  });

  it('reads for this browser, and is nothing once it is over or tampered with', async () => {
    const { cookie } = await signIn();
    const read = (value: string) =>
      fetch(`${amphi.base}/api/events`, { headers: { cookie: value } });
    expect((await read(cookie)).status).toBe(200);
    expect((await read(`${cookie.slice(0, -4)}AAAA`)).status).toBe(401);
    const out = await fetch(`${amphi.base}/api/sessions/current`, {
      method: 'DELETE',
      headers: { cookie, origin: amphi.base },
    });
    expect(out.status).toBe(204);
    expect((await read(cookie)).status).toBe(401);
  });

  it('is not made with a wrong token, however close', async () => {
    for (const token of [`${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(1), ADMIN_TOKEN.toUpperCase()]) {
      expect(await problem('POST', '/api/sessions/admin', { token })).toMatchObject({
        code: 'unauthorized',
      });
    }
  });

  it('cannot be guessed: ten wrong tokens, and an address has to wait', async () => {
    const attempt = (token: string) =>
      fetch(`${amphi.base}/api/sessions/admin`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      });
    // A right one forgives what was before.
    expect((await attempt(ADMIN_TOKEN)).status).toBe(204);
    for (let n = 0; n < 10; n++) expect((await attempt(`wrong ${n}`)).status).toBe(401);
    const late = await attempt(ADMIN_TOKEN);
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
