import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, isErrorCode, type Logger, messageOf } from '#base';
import { sendProblem } from '#platform';
import { PLAYLIST, type Resource, resource, sendResource } from '../http/resource.ts';
import { MemoryCache } from './cache.ts';
import type { Upstream, UpstreamAnswer } from './upstream.ts';

/**
 * A cache in front of an origin or of another relay: each object is fetched
 * once however many ask, blocking reloads included; bytes go on to those who
 * wait as they come.
 */

export interface RelayOptions {
  upstream: Upstream;
  cacheBytes: number;
  log: Logger;
}

/** The only query parameters that change an answer. */
const KEY_PARAMETERS = ['_HLS_msn', '_HLS_part', '_HLS_skip', 'after'];
/** A playlist without directives is only fresh for about a part. */
const OPEN_PLAYLIST_FRESH_MS = 200;
/** A parent's refusal is repeated for this long without asking again. */
const PROBLEM_FRESH_MS = 500;
const MAX_PROBLEMS = 10_000;
/** While no parent answers, a playlist may be repeated for this long, media for as long as it is kept. */
const STALE_PLAYLIST_MS = 4_000;
const STALE_MEDIA_MS = 3_600_000;
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;
const MAX_IN_FLIGHT = 4_096;

export class Relay {
  readonly #upstream: Upstream;
  readonly #cache: MemoryCache;
  readonly #log: Logger;
  readonly #inFlight = new Map<string, Fetch>();
  readonly #problems = new Map<string, { error: AmphiError; until: number }>();
  readonly counters = { hits: 0, misses: 0, joined: 0, stale: 0, failed: 0 };

  constructor(options: RelayOptions) {
    this.#upstream = options.upstream;
    this.#cache = new MemoryCache(options.cacheBytes);
    this.#log = options.log;
  }

  get cacheBytes(): number {
    return this.#cache.bytes;
  }

  /** Answers a GET or HEAD below `/hls/`. */
  handle(req: IncomingMessage, res: ServerResponse): void {
    const key = keyOf(req.url ?? '/');
    const known = this.#cache.fresh(key, performance.now());
    if (known !== undefined) {
      this.counters.hits++;
      sendResource(req, res, known);
      return;
    }
    const problem = this.#problems.get(key);
    if (problem !== undefined && performance.now() < problem.until) {
      sendProblem(res, problem.error);
      return;
    }
    let fetch = this.#inFlight.get(key);
    if (fetch === undefined) {
      if (this.#inFlight.size >= MAX_IN_FLIGHT) {
        sendProblem(res, new AmphiError('too_many', 'this relay has too many requests under way'));
        return;
      }
      this.counters.misses++;
      fetch = this.#start(key);
    } else {
      this.counters.joined++;
    }
    fetch.join(req, res);
  }

  #start(key: string): Fetch {
    const fetch = new Fetch();
    this.#inFlight.set(key, fetch);
    this.#run(key, fetch)
      .catch((error) => {
        const stale = fetch.begun ? undefined : this.#cache.stale(key, performance.now());
        if (stale === undefined) {
          this.counters.failed++;
          this.#log.debug({ key, reason: messageOf(error) }, 'not fetched');
          fetch.fail(error);
        } else {
          this.counters.stale++;
          fetch.finish(stale);
        }
      })
      .finally(() => this.#inFlight.delete(key));
    return fetch;
  }

  async #run(key: string, fetch: Fetch): Promise<void> {
    const answer = await this.#upstream.get(key);
    if (answer.status !== 200) {
      const error = await problemOfAnswer(answer);
      if (this.#problems.size > MAX_PROBLEMS) this.#problems.clear();
      this.#problems.set(key, { error, until: performance.now() + PROBLEM_FRESH_MS });
      fetch.fail(error);
      return;
    }
    const head = {
      contentType: answer.headers['content-type'] ?? 'application/octet-stream',
      cacheControl: answer.headers['cache-control'] ?? 'no-cache',
      etag: answer.headers.etag ?? '""',
      ranges: answer.headers['accept-ranges'] === 'bytes',
    };
    const length = Number(answer.headers['content-length'] ?? Number.NaN);
    if (length > MAX_OBJECT_BYTES) throw new AmphiError('upstream_failed', 'object too large');
    if (Number.isFinite(length)) fetch.begin({ ...head, body: [], size: length });
    let received = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > MAX_OBJECT_BYTES) throw new AmphiError('upstream_failed', 'object too large');
      fetch.chunk(chunk);
    }
    if (Number.isFinite(length) && received !== length) {
      throw new AmphiError('upstream_failed', 'the parent broke off');
    }
    const whole = resource(
      fetch.chunks.length > 1 ? Buffer.concat(fetch.chunks) : fetch.chunks,
      head,
    );
    this.#keep(key, whole);
    fetch.finish(whole);
  }

  #keep(key: string, whole: Resource): void {
    const maxAge = Number(whole.cacheControl.match(/max-age=(\d+)/)?.[1] ?? 0) * 1000;
    const playlist = whole.contentType === PLAYLIST;
    const open = playlist && !key.includes('_HLS_msn');
    const now = performance.now();
    this.#cache.put(key, whole, {
      freshUntil: now + (open ? Math.min(maxAge, OPEN_PLAYLIST_FRESH_MS) : maxAge),
      staleUntil: now + (playlist ? STALE_PLAYLIST_MS : STALE_MEDIA_MS),
    });
  }
}

/** The path with the parameters that matter, in one order: what is asked of the parent and kept under. */
export function keyOf(url: string): string {
  const at = url.indexOf('?');
  if (at < 0) return url;
  const query = new URLSearchParams(url.slice(at + 1));
  const kept = KEY_PARAMETERS.filter((name) => query.has(name)).map(
    (name) => `${name}=${encodeURIComponent(query.get(name) ?? '')}`,
  );
  const path = url.slice(0, at);
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
}

async function problemOfAnswer(answer: UpstreamAnswer): Promise<AmphiError> {
  let text = '';
  for await (const chunk of answer.body) {
    text += String(chunk);
    if (text.length > 4_096) break;
  }
  const fallback = answer.status === 404 ? 'not_found' : 'upstream_failed';
  try {
    const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
    return new AmphiError(
      isErrorCode(code) ? code : fallback,
      typeof detail === 'string' ? detail : {},
    );
  } catch {
    return new AmphiError(fallback);
  }
}

interface Waiting {
  req: IncomingMessage;
  res: ServerResponse;
  /** Gets the bytes as they come; else the whole at the end. */
  streaming: boolean;
}

/** One object on its way from the parent, and all who wait for it. */
class Fetch {
  readonly chunks: Buffer[] = [];
  #head: Resource | undefined;
  #waiting: Waiting[] = [];

  get begun(): boolean {
    return this.#head !== undefined;
  }

  join(req: IncomingMessage, res: ServerResponse): void {
    const plain =
      req.method === 'GET' &&
      req.headers.range === undefined &&
      req.headers['if-none-match'] === undefined;
    const waiting: Waiting = { req, res, streaming: false };
    this.#waiting.push(waiting);
    if (plain && this.#head !== undefined) this.#stream(waiting, this.#head);
  }

  /** The parent has begun to answer. */
  begin(head: Resource): void {
    this.#head = head;
    for (const waiting of this.#waiting) {
      const { method, headers } = waiting.req;
      const plain =
        method === 'GET' && headers.range === undefined && headers['if-none-match'] === undefined;
      if (plain) this.#stream(waiting, head);
    }
  }

  chunk(chunk: Buffer): void {
    this.chunks.push(chunk);
    for (const { res, streaming } of this.#waiting)
      if (streaming && !res.destroyed) res.write(chunk);
  }

  finish(whole: Resource): void {
    for (const { req, res, streaming } of this.#waiting) {
      if (res.destroyed) continue;
      if (streaming) res.end();
      else sendResource(req, res, whole);
    }
    this.#waiting = [];
  }

  fail(error: unknown): void {
    for (const { res } of this.#waiting) if (!res.destroyed) sendProblem(res, error);
    this.#waiting = [];
  }

  #stream(waiting: Waiting, head: Resource): void {
    const { res } = waiting;
    if (res.destroyed) return;
    waiting.streaming = true;
    res.writeHead(200, {
      'content-type': head.contentType,
      'cache-control': head.cacheControl,
      etag: head.etag,
      'content-length': head.size,
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'Date, Age, Content-Length, Content-Range',
      'timing-allow-origin': '*',
      ...(head.ranges ? { 'accept-ranges': 'bytes' } : {}),
    });
    for (const chunk of this.chunks) res.write(chunk);
  }
}
