import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AmphiError, silentLogger } from '#base';
import { Metrics, TokenIssuer, TokenVerifier } from '#platform';
import { TestExchange, until } from '#support';
import { Relay } from './relay.ts';
import type { UpstreamAnswer } from './upstream.ts';

const PART = '/hls/main/720p/9.2.m4s';
const PLAYLIST = '/hls/main/720p/media.m3u8';
const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

/** A question that the relay asks its parent, to be answered by the test. */
class Asked {
  readonly body = new PassThrough();
  readonly path: string;
  readonly via: string;
  readonly signal: AbortSignal;
  readonly answer: Promise<UpstreamAnswer>;
  #resolve: (answer: UpstreamAnswer) => void = () => {};
  fail: (error: unknown) => void = () => {};

  constructor(path: string, { via, signal }: { via: string; signal: AbortSignal }) {
    this.path = path;
    this.via = via;
    this.signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.fail = reject;
    });
    signal.addEventListener('abort', () => this.fail(signal.reason));
  }

  begin(status: number, headers: IncomingHttpHeaders): void {
    this.#resolve({ status, headers, body: this.body as unknown as IncomingMessage });
  }

  reply(text: string, headers: IncomingHttpHeaders = {}, status = 200): void {
    this.begin(status, {
      'content-type': 'video/mp4',
      'cache-control': 'public, max-age=60',
      etag: '"a"',
      'content-length': String(text.length),
      ...headers,
    });
    this.body.end(text);
  }

  refuse(code: 'future_part' | 'not_found', headers: IncomingHttpHeaders = {}): void {
    const error = new AmphiError(code);
    this.begin(error.status, headers);
    this.body.end(JSON.stringify({ code, detail: 'said by the parent' }));
  }
}

const issuer = new TokenIssuer('a secret of the tests, 32 bytes and more');
let relay: Relay;
let metrics: Metrics;
let asked: Asked[];
let nowMs = 0;

beforeEach(() => {
  asked = [];
  metrics = new Metrics({ role: 'edge', node: 'test' });
  relay = new Relay({
    upstream: {
      get: (path, options) => {
        const question = new Asked(path, options);
        asked.push(question);
        return question.answer;
      },
    },
    cacheBytes: 1 << 20,
    tokens: new TokenVerifier(issuer),
    metrics,
    log: silentLogger,
    now: () => nowMs,
  });
});

afterEach(() => relay.close());

function ask(url: string, fields: Record<string, string> = {}, method?: 'GET' | 'HEAD') {
  const exchange = new TestExchange(url, fields, method === undefined ? {} : { method });
  relay.handle(exchange);
  return exchange;
}

async function nth(count: number): Promise<Asked> {
  await until(`${count} questions to the parent`, () => asked.length >= count);
  return asked[count - 1]!;
}

describe('Relay, of an object', () => {
  it('asks once however many want it, and sends the bytes on as they come', async () => {
    const viewers = Array.from({ length: 50 }, () => ask(PART));
    const parent = await nth(1);
    parent.begin(200, { 'content-length': '8', etag: '"a"', 'cache-control': 'max-age=60' });
    parent.body.write('half');
    await until('half of it', () => viewers.every(({ body }) => body.toString() === 'half'));
    const late = ask(PART);
    await until('half of it for who came late', () => late.body.toString() === 'half');
    parent.body.end('rest');
    for (const viewer of [...viewers, late]) {
      await until('all of it', () => viewer.bodyState === 'done');
      expect(viewer.body.toString()).toBe('halfrest');
      expect(viewer.headers).toMatchObject({ 'content-length': 8, etag: '"a"' });
    }
    expect(asked).toHaveLength(1);
  });

  it('answers from memory what it has, in whole, in part, and to who has it', async () => {
    const first = ask(PART);
    (await nth(1)).reply('0123456789', { age: '7', 'accept-ranges': 'bytes' });
    await until('all of it', () => first.closed);
    const range = await ask(PART, { range: 'bytes=2-4' }).answered;
    expect([range.status, range.body.toString()]).toEqual([206, '234']);
    expect((await ask(PART, { 'if-none-match': '"a"' }).answered).status).toBe(304);
    expect((await ask(PART).answered).headers['age']).toBe(7);
    expect(asked).toHaveLength(1);
  });

  it('gives up the question when the last who wants the answer has gone, and asks anew later', async () => {
    const [one, two] = [ask(PART), ask(PART)];
    const parent = await nth(1);
    one.leave();
    expect(parent.signal.aborted).toBe(false);
    two.leave();
    expect(parent.signal.aborted).toBe(true);
    const later = ask(PART);
    (await nth(2)).reply('x');
    expect((await later.answered).status).toBe(200);
  });

  it('repeats a refusal for a moment without asking again', async () => {
    const first = ask(PART);
    (await nth(1)).refuse('not_found');
    expect((await first.answered).status).toBe(404);
    const second = await ask(PART).answered;
    expect(second.json).toMatchObject({ code: 'not_found', detail: 'said by the parent' });
    expect(asked).toHaveLength(1);
  });

  it('breaks off what the parent breaks off, keeps none of it, and asks anew', async () => {
    const first = ask(PART);
    const parent = await nth(1);
    parent.begin(200, { 'content-length': '8' });
    parent.body.write('half');
    await until('half of it', () => first.body.length === 4);
    parent.body.destroy(new Error('gone'));
    await until('the end', () => first.bodyState === 'broken');
    const short = ask(PART);
    (await nth(2)).reply('half', { 'content-length': '8' });
    await until('the end', () => short.bodyState === 'broken');
    ask(PART);
    await nth(3);
  });

  it('waits for the whole of what is asked for in part', async () => {
    const part = ask(PART, { range: 'bytes=2-3' });
    (await nth(1)).reply('012345', { 'accept-ranges': 'bytes' });
    expect((await part.answered).body.toString()).toBe('23');
  });

  it('refuses an object of a size that no object has', async () => {
    const viewer = ask(PART);
    (await nth(1)).begin(200, { 'content-length': String(1 << 30) });
    expect((await viewer.answered).json).toMatchObject({ code: 'upstream_failed' });
  });
});

describe('Relay, of a playlist', () => {
  const reply = (parent: Asked, text: string, position: number, maxAge = 1) =>
    parent.reply(text, {
      'content-type': PLAYLIST_TYPE,
      'cache-control': `public, max-age=${maxAge}`,
      'amphi-position': String(position),
    });

  it('gives one answer to all who block for the same part, in whatever order they say it', async () => {
    const one = ask(`${PLAYLIST}?_HLS_msn=9&_HLS_part=1`);
    const two = ask(`${PLAYLIST}?_HLS_part=1&_HLS_msn=9&x=y`);
    const parent = await nth(1);
    expect(parent.path).toBe(`${PLAYLIST}?_HLS_msn=9&_HLS_part=1`);
    reply(parent, '#EXTM3U', 90_001, 12);
    for (const viewer of [one, two]) {
      expect((await viewer.answered).body.toString()).toBe('#EXTM3U');
    }
    // Who asks without directives gets no older one.
    expect((await ask(PLAYLIST).answered).body.toString()).toBe('#EXTM3U');
    expect(asked).toHaveLength(1);
  });

  it('never shows an older playlist after a newer one: the parent is asked to catch up', async () => {
    const first = ask(`${PLAYLIST}?_HLS_msn=9&_HLS_part=3`);
    reply(await nth(1), 'newest', 90_003, 12);
    await first.answered;
    // Another query, so that memory has no answer.
    const second = ask(`${PLAYLIST}?_HLS_skip=YES`);
    reply(await nth(2), 'older', 90_001);
    const parent = await nth(3);
    expect(parent.path).toBe(`${PLAYLIST}?_HLS_skip=YES&_HLS_msn=9&_HLS_part=3`);
    reply(parent, 'caught up', 90_004);
    expect((await second.answered).body.toString()).toBe('caught up');
  });

  it('repeats the last one while no parent answers, and not for ever', async () => {
    const first = ask(PLAYLIST);
    reply(await nth(1), 'the last', 90_000, 0);
    await first.answered;
    await until('it to be old', () => {
      const again = ask(PLAYLIST);
      if (asked.length > 1) return true;
      again.leave();
      return false;
    });
    asked.at(-1)?.fail(new AmphiError('upstream_failed'));
    const second = ask(PLAYLIST);
    asked.at(-1)?.fail(new AmphiError('upstream_failed'));
    expect((await second.answered).body.toString()).toBe('the last');
    const another = ask('/hls/main/360p/media.m3u8');
    asked.at(-1)?.fail(new AmphiError('upstream_failed'));
    expect((await another.answered).status).toBe(502);
  });

  it('is compressed for who takes that, under an etag of its own', async () => {
    const text = '#EXTM3U\n'.repeat(200);
    const plain = ask(PLAYLIST);
    reply(await nth(1), text, 90_000, 5);
    expect((await plain.answered).body.toString()).toBe(text);
    const packed = await ask(PLAYLIST, { 'accept-encoding': 'gzip' }).answered;
    expect(gunzipSync(packed.body).toString()).toBe(text);
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      vary: 'Accept-Encoding',
      etag: '"a-gz"',
    });
    const known = { 'accept-encoding': 'gzip', 'if-none-match': '"a-gz"' };
    expect((await ask(PLAYLIST, known).answered).status).toBe(304);
  });

  it('passes the refusal of a far future part on', async () => {
    const viewer = ask(`${PLAYLIST}?_HLS_msn=999999999&_HLS_part=0`);
    (await nth(1)).refuse('future_part');
    expect((await viewer.answered).status).toBe(400);
  });
});

describe('Relay, of requests that lead nowhere', () => {
  it.each([
    ['/hls/main/nothing', 404],
    [`${PLAYLIST}?_HLS_msn=x`, 400],
    [`${PLAYLIST}?_HLS_part=1`, 400],
  ])('%s: %i without asking the parent', async (url, status) => {
    expect((await ask(url).answered).status).toBe(status);
    expect(asked).toEqual([]);
  });

  it('refuses a request that has come through it, or through too many', async () => {
    for (const via of [relay.id, `x,${relay.id}`, '1,2,3,4,5,6,7,8']) {
      expect((await ask(PART, { 'amphi-via': via }).answered).status).toBe(508);
    }
    ask(PART, { 'amphi-via': 'other' });
    expect((await nth(1)).via).toBe(`other,${relay.id}`);
  });

  it('answers everybody who waits when it is closed', async () => {
    const waiting = [ask(PART), ask('/hls/main/status.json')];
    await nth(2);
    await relay.close();
    for (const exchange of waiting) expect((await exchange.answered).status).toBe(503);
  });
});

describe('Relay, of a private event', () => {
  const RESTRICTED = { 'amphi-access': 'token', 'cache-control': 'private, max-age=60' };
  const tokenOf = (sub: string) => issuer.sign('play', { sub }, 60);

  it('asks the parent once, and for each viewer whether it may see the answer', async () => {
    const token = await tokenOf('main');
    const [open, shown] = [ask(PART), ask(`${PART}?token=${token}`)];
    const parent = await nth(1);
    expect(parent.path).toBe(PART);
    parent.reply('secret', RESTRICTED);
    expect((await open.answered).status).toBe(401);
    expect((await shown.answered).body.toString()).toBe('secret');
    expect((await ask(PART).answered).status).toBe(401);
    expect((await ask(`${PART}?token=${token}`).answered).status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it('stays closed when a parent refuses something without knowing the event', async () => {
    const token = await tokenOf('main');
    const shown = ask(`${PART}?token=${token}`);
    (await nth(1)).reply('secret', RESTRICTED);
    await shown.answered;
    const other = ask(`/hls/main/720p/10.m4s?token=${token}`);
    (await nth(2)).refuse('not_found');
    expect((await other.answered).status).toBe(404);
    expect((await ask(PART).answered).status).toBe(401);
    expect((await ask('/hls/main/720p/10.m4s').answered).status).toBe(401);
  });

  it('opens to everybody once the parent says that it is public', async () => {
    const first = ask(PLAYLIST);
    (await nth(1)).reply('#EXTM3U', { ...RESTRICTED, 'content-type': PLAYLIST_TYPE });
    expect((await first.answered).status).toBe(401);
    // What was said just now is not asked again.
    nowMs += 999;
    expect((await ask(`${PLAYLIST}?_HLS_msn=9`).answered).status).toBe(401);
    expect(asked).toHaveLength(1);
    nowMs += 1;
    const viewer = ask(PART);
    (await nth(2)).reply('open');
    expect((await viewer.answered).status).toBe(200);
    expect((await ask(PLAYLIST).answered).status).toBe(200);
  });

  it('gives the cookie with a playlist, and marks what it hands to another relay', async () => {
    const token = await tokenOf('main');
    const viewer = ask(`${PLAYLIST}?token=${token}`);
    const parent = await nth(1);
    expect(parent.path).toBe(`${PLAYLIST}?token=1`);
    parent.reply('#EXTM3U', {
      ...RESTRICTED,
      'content-type': PLAYLIST_TYPE,
      'amphi-position': '5',
    });
    expect(String((await viewer.answered).headers['set-cookie'])).toContain(
      `amphi_play_main=${token};`,
    );
    const node = await issuer.sign('node', { sub: 'relay' }, 60);
    const child = ask(`${PLAYLIST}?token=1`, {
      authorization: `Bearer ${node}`,
      'amphi-via': 'child',
    });
    const { headers } = await child.answered;
    expect(headers).toMatchObject({ 'amphi-access': 'token', 'amphi-position': 5 });
    expect(headers).not.toHaveProperty('set-cookie');
  });
});

describe('Relay, of the status', () => {
  const STATUS = '/hls/main/status.json';
  const news = (parent: Asked, version: number) =>
    parent.reply(JSON.stringify({ version }), {
      'content-type': 'application/json',
      'amphi-position': String(version),
    });

  it('asks one question at a time however many wait, and tells each when there is news', async () => {
    const first = ask(STATUS);
    const parent = await nth(1);
    expect(parent.path).toBe(STATUS);
    news(parent, 5);
    expect((await first.answered).json).toEqual({ version: 5 });
    const waiting = Array.from({ length: 20 }, () => ask(`${STATUS}?after=5`));
    const behind = await ask(`${STATUS}?after=4`).answered;
    expect(behind.json).toEqual({ version: 5 });
    news(await nth(2), 5);
    const next = await nth(3);
    expect(next.path).toBe(`${STATUS}?after=5`);
    expect(waiting.every(({ status }) => status === 0)).toBe(true);
    news(next, 6);
    for (const exchange of waiting) expect((await exchange.answered).json).toEqual({ version: 6 });
    expect(asked).toHaveLength(3);
  });

  it('asks a parent that refuses at once no more than once a second', async () => {
    const first = ask(STATUS);
    news(await nth(1), 5);
    await first.answered;
    const waiting = ask(`${STATUS}?after=5`);
    (await nth(2)).reply('{"code":"upstream_failed"}', {}, 502);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toHaveLength(2);
    news(await nth(3), 6);
    expect((await waiting.answered).json).toEqual({ version: 6 });
  });

  it('stops asking when nobody waits any more', async () => {
    const viewer = ask(STATUS);
    const parent = await nth(1);
    viewer.leave();
    expect(parent.signal.aborted).toBe(true);
  });

  it('shows what it does as metrics', async () => {
    const first = ask(PART);
    (await nth(1)).reply('x');
    await until('it to be kept', () => first.closed);
    await ask(PART).answered;
    const lines = (await metrics.text()).split('\n');
    const sampleOf = (name: string) =>
      lines
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1);
    expect(sampleOf('amphi_relay_requests_total{result="misses"')).toBe('1');
    expect(sampleOf('amphi_relay_requests_total{result="hits"')).toBe('1');
    expect(sampleOf('amphi_relay_cache_objects')).toBe('1');
  });
});
