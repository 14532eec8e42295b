import { AmphiError, type Logger, messageOf } from '#base';
import { compress, compressedHeaders, headersOf, toProblem } from '../http/exchange.ts';
import { PLAYLIST, POSITION_PARTS, type ResourceHead } from '../http/resource.ts';
import { Wire } from '../http/wire.ts';
import type { AccessGate } from './access.ts';
import { ageMsOf, headOf, problemOfAnswer } from './answer.ts';
import { type Entry, MemoryCache } from './cache.ts';
import { Fetch } from './fetch.ts';
import { Freshness } from './freshness.ts';
import type { Target } from './target.ts';
import type { Upstream, UpstreamAnswer } from './upstream.ts';

/** Playlists, media and pictures: kept while they may be, each fetched once however many ask. */

export interface ObjectsOptions {
  upstream: Pick<Upstream, 'get'>;
  cacheBytes: number;
  gate: AccessGate;
  log: Logger;
}

export interface Refusal {
  error: AmphiError;
  restricted: boolean;
}

const MAX_OBJECT_BYTES = 64 * 1024 * 1024;
const MAX_IN_FLIGHT = 4_096;
/** A parent's refusal is repeated for this long without asking again. */
const PROBLEM_MS = 500;
const MAX_PROBLEMS = 10_000;

export class Objects {
  readonly #options: ObjectsOptions;
  readonly #cache: MemoryCache;
  readonly #freshness = new Freshness();
  readonly #inFlight = new Map<string, Fetch>();
  readonly #refusals = new Map<string, Refusal & { untilMs: number }>();
  readonly counters = { hits: 0, misses: 0, joined: 0, stale: 0, refused: 0, failed: 0 };
  /** Bytes of objects that came from parents. */
  fetchedBytes = 0;

  constructor(options: ObjectsOptions) {
    this.#options = options;
    this.#cache = new MemoryCache(options.cacheBytes);
  }

  get cached(): { bytes: number; count: number } {
    return { bytes: this.#cache.bytes, count: this.#cache.size };
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Viewers who wait for an object. */
  get waiting(): number {
    let waiting = 0;
    for (const fetch of this.#inFlight.values()) waiting += fetch.waiting;
    return waiting;
  }

  /** The answer, if it may be given as it is now. */
  fresh(key: string, nowMs: number): Entry | undefined {
    return this.#cache.fresh(key, nowMs);
  }

  /** What the parent refused just now. */
  refusal(key: string, nowMs: number): Refusal | undefined {
    const refusal = this.#refusals.get(key);
    if (refusal === undefined || nowMs >= refusal.untilMs) return undefined;
    this.counters.refused++;
    return refusal;
  }

  /** The fetch that is under way for this object, or a new one. Throws `too_many`. */
  fetch(target: Target, via: string): Fetch {
    const { key } = target;
    const underWay = this.#inFlight.get(key);
    if (underWay !== undefined) {
      this.counters.joined++;
      return underWay;
    }
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      throw new AmphiError('too_many', 'this relay has too many requests under way');
    }
    this.counters.misses++;
    const fetch = new Fetch();
    this.#inFlight.set(key, fetch);
    const ended = () => {
      if (this.#inFlight.get(key) === fetch) this.#inFlight.delete(key);
    };
    // Whoever comes after all have gone needs a fetch of its own.
    fetch.signal.addEventListener('abort', ended, { once: true });
    this.#run(target, fetch, via)
      .catch((error) => this.#failed(target, fetch, error))
      .finally(ended);
    return fetch;
  }

  /** The compressed form of an answer. */
  async packed(key: string, entry: Entry): Promise<Wire> {
    if (entry.packed !== undefined) return entry.packed;
    const { head, wire } = entry;
    const body = await compress([wire.body]);
    const headers = compressedHeaders(headersOf(head), body.length);
    const packed = new Wire(headers, [body], body.length, wire.sinceMs);
    this.#cache.pack(key, entry, packed);
    return packed;
  }

  close(): void {
    for (const fetch of this.#inFlight.values()) fetch.cancel(new AmphiError('closed'));
  }

  async #run(target: Target, fetch: Fetch, via: string): Promise<void> {
    const { gate } = this.#options;
    const answer = await this.#ask(target, fetch, via);
    const head = headOf(answer.headers);
    gate.note(target.eventId, head.restricted, answer.status);
    if (answer.status !== 200) {
      const error = await problemOfAnswer(answer);
      const { restricted } = head;
      this.counters.refused++;
      if (this.#refusals.size >= MAX_PROBLEMS) this.#refusals.clear();
      const untilMs = performance.now() + PROBLEM_MS;
      this.#refusals.set(target.key, { error, restricted, untilMs });
      fetch.fail(error, restricted);
      return;
    }
    const length = Number(answer.headers['content-length'] ?? Number.NaN);
    if (length > MAX_OBJECT_BYTES) throw new AmphiError('upstream_failed', 'object too large');
    if (Number.isFinite(length)) fetch.begin(head, length);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (fetch.flow.size + chunk.length > MAX_OBJECT_BYTES) {
        throw new AmphiError('upstream_failed', 'object too large');
      }
      this.fetchedBytes += chunk.length;
      fetch.flow.push(chunk);
    }
    if (Number.isFinite(length) && fetch.flow.size !== length) {
      throw new AmphiError('upstream_failed', 'the parent broke off');
    }
    fetch.finish(this.#keep(target, head, fetch, ageMsOf(answer.headers)));
  }

  /** Asks a parent; one that is behind what viewers have seen is asked to catch up first. */
  async #ask(target: Target, fetch: Fetch, via: string): Promise<UpstreamAnswer> {
    const { upstream } = this.#options;
    const options = { via, signal: fetch.signal };
    const answer = await upstream.get(target.key, options);
    // Who asks for a certain part has not seen more than the one before it.
    if (target.isBlocking || answer.status !== 200) return answer;
    const { position } = headOf(answer.headers);
    const ahead = this.#freshness.aheadOf(target.path, position, performance.now());
    if (ahead === undefined) return answer;
    const join = target.key.includes('?') ? '&' : '?';
    const msn = Math.floor(ahead / POSITION_PARTS);
    const directives = `_HLS_msn=${msn}&_HLS_part=${ahead % POSITION_PARTS}`;
    const later = await upstream.get(`${target.key}${join}${directives}`, options);
    const [better, worse] = later.status === 200 ? [later, answer] : [answer, later];
    worse.body.resume();
    return better;
  }

  #failed(target: Target, fetch: Fetch, error: unknown): void {
    const stale = fetch.begun ? undefined : this.#cache.stale(target.key, performance.now());
    if (stale !== undefined) {
      this.counters.stale++;
      fetch.finish(stale);
      return;
    }
    this.counters.failed++;
    this.#options.log.debug({ key: target.key, reason: messageOf(error) }, 'not fetched');
    fetch.fail(toProblem(error), this.#options.gate.isRestricted(target.eventId));
  }

  #keep(target: Target, head: ResourceHead, { flow }: Fetch, ageMs: number): Entry {
    const nowMs = performance.now();
    const entry: Entry = {
      head,
      wire: new Wire(headersOf(head), flow.chunks, flow.size, nowMs - ageMs),
      packed: undefined,
      used: true,
      ...this.#freshness.times(target, head, nowMs, ageMs),
    };
    this.#cache.put(target.key, entry);
    if (head.contentType !== PLAYLIST || head.position === undefined) return entry;
    const isNewest = this.#freshness.seen(target.path, head.position, nowMs);
    // What somebody waited for is also what the next one gets who asks without directives.
    if (isNewest && target.isBlocking) {
      this.#cache.put(target.openKey, { ...entry, ...this.#freshness.openTimes(nowMs) });
    }
    return entry;
  }
}
