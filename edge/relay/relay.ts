import { AmphiError, type Closable, type Logger, messageOf, randomId } from '#base';
import { TIME_HEADER } from '#contracts';
import { cookieOf, type Metrics, type TokenVerifier } from '#platform';
import {
  acceptsGzip,
  compressedHeaders,
  type Exchange,
  headersOf,
  isCompressible,
  type OutHeaders,
  sendProblem,
  sendResource,
  wantsWhole,
} from '../http/exchange.ts';
import { Flow } from '../http/flow.ts';
import type { LeanConnection } from '../http/lean/connection.ts';
import type { Fields } from '../http/lean/fields.ts';
import {
  ACCESS_HEADER,
  ACCESS_TOKEN,
  POSITION_HEADER,
  type ResourceHead,
  resource,
} from '../http/resource.ts';
import { Audience } from '../viewers/audience.ts';
import { AccessGate, type Credentials, cookieFor, type Grant, playCookie } from './access.ts';
import { headOf, problemOfAnswer } from './answer.ts';
import type { Entry } from './cache.ts';
import { relayMetrics } from './metrics.ts';
import { Objects } from './objects.ts';
import { type StatusAnswer, StatusBoard } from './status-board.ts';
import { type Target, TargetMemo } from './target.ts';
import { type Upstream, VIA_HEADER } from './upstream.ts';

/**
 * A cache in front of an origin or of another relay: each object is fetched
 * once however many ask, blocking reloads included; bytes go on to those who
 * wait as they come.
 */

export interface RelayOptions {
  upstream: Pick<Upstream, 'get'>;
  cacheBytes: number;
  tokens: TokenVerifier;
  metrics: Metrics;
  log: Logger;
  /** By which what is said of access grows old; monotonic, in milliseconds. */
  now?: () => number;
}

/** Relays on the way to the origin. */
const MAX_HOPS = 8;

interface Request {
  exchange: Exchange;
  target: Target;
  credentials: Credentials;
  /** Relays that it has come through, and this one. */
  via: string;
}

export class Relay implements Closable {
  /** Names this relay among those that report to a parent, and on the way of a request. */
  readonly id = randomId(16);
  readonly #options: RelayOptions;
  readonly #gate: AccessGate;
  readonly #objects: Objects;
  readonly #board: StatusBoard;
  readonly #audience: Audience;
  readonly #targets = new TargetMemo();
  readonly #abort = new AbortController();
  #hotBytes = 0;

  constructor(options: RelayOptions) {
    const { upstream, cacheBytes, tokens, metrics, log } = options;
    this.#options = options;
    this.#gate = new AccessGate(tokens, options.now);
    this.#objects = new Objects({ upstream, cacheBytes, gate: this.#gate, log });
    this.#board = new StatusBoard({
      ask: (eventId, after, signal) =>
        this.#askStatus(eventId, after < 0 ? '' : `?after=${after}`, signal),
      log,
    });
    this.#audience = new Audience((eventId, viewers) => this.#tellParent(eventId, viewers));
    relayMetrics(metrics, {
      objects: this.#objects,
      board: this.#board,
      audience: this.#audience,
      bytes: () => this.#hotBytes,
    });
  }

  async close(): Promise<void> {
    await this.#audience.close();
    this.#abort.abort(new AmphiError('closed'));
    this.#objects.close();
    this.#board.close();
  }

  /** An answer at hand for a GET of a whole resource, as bytes; undefined when there is more to it. */
  hot(url: string, connection: LeanConnection, fields: Fields): Buffer | undefined {
    const target = this.#targets.get(url);
    if (target === undefined || target === 'bad' || target.kind === 'status') return undefined;
    const nowMs = performance.now();
    const entry = this.#objects.fresh(target.key, nowMs);
    if (entry === undefined || fields.get(VIA_HEADER) !== undefined) return undefined;
    const { eventId } = target;
    if (this.#gate.isRestricted(eventId, entry.head.restricted)) {
      const credentials = credentialsOf((name) => fields.get(name));
      // A playlist may have to set the cookie, and that is not in the bytes at hand.
      if (setsCookie(target) && credentials.cookie === undefined) return undefined;
      if (!this.#gate.opensAtOnce(target, credentials)) return undefined;
    }
    let { wire } = entry;
    if (fields.gzip && isCompressible(entry.head, wire.bodySize)) {
      if (entry.packed === undefined) return undefined;
      wire = entry.packed;
    }
    if (target.kind === 'playlist') this.#audience.playsOn(connection, fields, eventId, nowMs);
    this.#objects.counters.hits++;
    const bytes = wire.at(nowMs);
    this.#hotBytes += bytes.length;
    return bytes;
  }

  /** Answers a GET or HEAD below `/hls/`. */
  handle(exchange: Exchange): void {
    const target = this.#targets.get(exchange.url);
    if (target === undefined) {
      sendProblem(exchange, new AmphiError('not_found'));
      return;
    }
    if (target === 'bad') {
      sendProblem(exchange, new AmphiError('bad_request', 'a directive is not a whole number'));
      return;
    }
    const via = exchange.header(VIA_HEADER);
    const hops = via?.split(',') ?? [];
    if (hops.includes(this.id) || hops.length >= MAX_HOPS) {
      sendProblem(exchange, new AmphiError('loop_detected'));
      return;
    }
    const request: Request = {
      exchange,
      target,
      credentials: credentialsOf((name) => exchange.header(name)),
      via: [...hops, this.id].join(','),
    };
    if (!this.#gate.isSurelyRestricted(target.eventId)) {
      this.#answer(request);
      return;
    }
    // Whoever may not see it need not learn whether it is there.
    this.#admit(request, true).then(
      () => this.#answer(request),
      (error) => sendProblem(exchange, error),
    );
  }

  #admit({ target, credentials }: Request, restricted: boolean): Promise<Grant> {
    return this.#gate.admit(target, credentials, restricted);
  }

  #answer(request: Request): void {
    const { exchange, target, via } = request;
    if (exchange.closed) return;
    if (target.kind === 'status') {
      this.#answerStatus(request);
      return;
    }
    const nowMs = performance.now();
    const refuse = (error: unknown) => sendProblem(exchange, error);
    const known = this.#objects.fresh(target.key, nowMs);
    if (known !== undefined) {
      this.#objects.counters.hits++;
      this.#admit(request, known.head.restricted).then(
        (grant) => this.#deliver(request, known, grant),
        refuse,
      );
      return;
    }
    const refusal = this.#objects.refusal(target.key, nowMs);
    if (refusal !== undefined) {
      this.#admit(request, refusal.restricted).then(() => refuse(refusal.error), refuse);
      return;
    }
    try {
      this.#objects.fetch(target, via).join({
        exchange,
        takesFlow: target.kind === 'object' && wantsWhole(exchange),
        admit: (restricted) => this.#admit(request, restricted),
        deliver: (entry, grant) => this.#deliver(request, entry, grant),
        headers: (head, grant) => extraHeaders(request, head, grant),
      });
    } catch (error) {
      refuse(error);
    }
  }

  #deliver(request: Request, entry: Entry, grant: Grant): void {
    const { exchange, target, credentials } = request;
    const { head, wire } = entry;
    const nowMs = performance.now();
    if (target.kind === 'playlist' && !credentials.isRelay) {
      this.#audience.plays(target.eventId, exchange, nowMs);
    }
    const extra = {
      ...extraHeaders(request, head, grant),
      age: wire.ageSeconds(nowMs),
    };
    const packs =
      isCompressible(head, wire.bodySize) &&
      wantsWhole(exchange) &&
      acceptsGzip(exchange.header('accept-encoding'));
    if (!packs) {
      sendResource(exchange, resource(wire.body, head), extra);
      return;
    }
    this.#objects.packed(target.key, entry).then(
      ({ body }) => {
        const headers = compressedHeaders({ ...headersOf(head), ...extra }, body.length);
        exchange.send(200, headers, Flow.of([body]));
      },
      (error) => sendProblem(exchange, error),
    );
  }

  #answerStatus(request: Request): void {
    const { exchange, target, credentials } = request;
    const { eventId, viewer, report, after } = target;
    if (report !== undefined) {
      this.#gate.isNode(credentials).then((isNode) => {
        if (isNode) this.#audience.reported(eventId, report.relay, report.viewers);
      });
    }
    if (viewer !== undefined) this.#audience.waits(eventId, viewer, exchange);
    this.#board.handle(eventId, {
      exchange,
      after,
      admit: (restricted) => this.#admit(request, restricted),
      headers: (head, grant) => extraHeaders(request, head, grant),
    });
  }

  async #askStatus(eventId: string, query: string, signal: AbortSignal): Promise<StatusAnswer> {
    const path = `/hls/${eventId}/status.json${query}`;
    const answer = await this.#options.upstream.get(path, { via: this.id, signal });
    const head = headOf(answer.headers);
    this.#gate.note(eventId, head.restricted, answer.status);
    if (answer.status !== 200) throw await problemOfAnswer(answer);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body as AsyncIterable<Buffer>) chunks.push(chunk);
    return { resource: resource(chunks, head), version: head.position ?? 0 };
  }

  #tellParent(eventId: string, viewers: number): void {
    this.#askStatus(eventId, `?relay=${this.id}&viewers=${viewers}`, this.#abort.signal).catch(
      (error) =>
        this.#options.log.debug({ eventId, reason: messageOf(error) }, 'viewers not reported'),
    );
  }
}

function credentialsOf(header: (name: string) => string | undefined): Credentials {
  return {
    authorization: header('authorization'),
    cookie: header('cookie'),
    isRelay: header(VIA_HEADER) !== undefined,
  };
}

/** Players find by playlists what they ask for next, and need the cookie for that. */
const setsCookie = ({ path }: Target): boolean => path.endsWith('.m3u8');

/** What is said to this viewer alone, or to another relay. */
function extraHeaders(request: Request, head: ResourceHead, grant: Grant): OutHeaders {
  const { exchange, target, credentials } = request;
  if (grant.by === 'node') {
    return {
      ...(head.restricted ? { [ACCESS_HEADER]: ACCESS_TOKEN } : {}),
      ...(head.position === undefined ? {} : { [POSITION_HEADER]: head.position }),
    };
  }
  const hasToken = grant.by === 'address' || grant.by === 'bearer';
  const time = { [TIME_HEADER]: Date.now() };
  if (!hasToken || !setsCookie(target)) return time;
  const { eventId } = target;
  if (cookieOf(credentials.cookie, playCookie(eventId)) === grant.token) return time;
  return { ...time, 'set-cookie': cookieFor(eventId, grant, exchange.secure) };
}
