import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { AmphiError, type Closable, type Logger, messageOf, systemCodeOf } from '#base';
import type { Metrics } from '#platform';
import { Parent } from './parent.ts';

/**
 * The parents of a relay, in order of preference. One that does not answer is
 * left out until it does, and what it was asked goes to the next.
 */

export interface UpstreamAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: IncomingMessage;
}

export interface UpstreamOptions {
  /** Bases without a trailing slash. Asked anew for each request, so that they may move. */
  parents: () => Promise<string[]>;
  /** Value of the Authorization header. */
  authorization: () => Promise<string>;
  metrics?: Metrics;
  log: Logger;
}

/** Relays that a request has come through, nearest last. */
export const VIA_HEADER = 'amphi-via';

const CONNECT_TIMEOUT_MS = 1_500;
/** Blocking requests are held by the parent; this is beyond what any is. */
const ANSWER_TIMEOUT_MS = 20_000;
/** No byte of a body for so long: the parent has died in the middle of it. */
const BODY_TIMEOUT_MS = 5_000;
/** While no parent answers, requests wait this long for one that comes back. */
const PATIENCE_MS = 4_000;
const RETRY_MS = 500;
const WATCH_EVERY_MS = 250;
const PROBE_TIMEOUT_MS = 1_000;
const MAX_SOCKETS = 512;
const MAX_IDLE_SOCKETS = 64;

export class Upstream implements Closable {
  readonly #options: UpstreamOptions;
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_IDLE_SOCKETS,
  });
  readonly #tlsAgent = new TlsAgent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_IDLE_SOCKETS,
  });
  readonly #parents = new Map<string, Parent>();
  /** Who waits for a parent to come back. */
  readonly #revived = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #failures = 0;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    if (options.metrics !== undefined) this.#measure(options.metrics);
    this.#timer = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    this.#timer.unref();
  }

  /**
   * Asks the first parent that answers, and waits a while for one when none
   * does. A problem that a parent reports is an answer. Rejects with
   * `upstream_failed`, or with the signal's reason when aborted.
   */
  async get(path: string, options: { via: string; signal: AbortSignal }): Promise<UpstreamAnswer> {
    const { signal } = options;
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    for (let cause: unknown; ; ) {
      const { answer, error } = await this.#tryAll(path, options);
      if (answer !== undefined) return answer;
      signal.throwIfAborted();
      cause = error ?? cause;
      const leftMs = giveUpAtMs - performance.now();
      if (leftMs <= 0) {
        throw new AmphiError('upstream_failed', { detail: 'no parent answers', cause });
      }
      await this.#change(Math.min(leftMs, RETRY_MS), signal);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#agent.destroy();
    this.#tlsAgent.destroy();
  }

  async #tryAll(
    path: string,
    { via, signal }: { via: string; signal: AbortSignal },
  ): Promise<{ answer?: UpstreamAnswer; error?: unknown }> {
    let last: { answer?: UpstreamAnswer; error?: unknown } = {};
    for (const parent of await this.#findParents()) {
      if (parent.isDown) continue;
      try {
        const answer = await this.#ask(parent, path, via, signal);
        parent.heard(performance.now());
        last.answer?.body.resume();
        last = { answer };
        // Another parent may do better where this one failed; late media is no failure.
        if (answer.status < 500 || answer.status === 503) return last;
      } catch (error) {
        if (signal.aborted) throw error;
        if (isUnreachable(error)) this.#down(parent, error);
        if (last.answer === undefined) last = { error };
      }
    }
    return last;
  }

  async #findParents(): Promise<Parent[]> {
    const bases = await this.#options.parents().catch((): string[] => []);
    for (const base of this.#parents.keys()) {
      if (!bases.includes(base)) this.#parents.delete(base);
    }
    return bases.map((base) => {
      const parent = this.#parents.get(base) ?? new Parent(base);
      this.#parents.set(base, parent);
      return parent;
    });
  }

  #measure(metrics: Metrics): void {
    metrics.gauge({
      name: 'relay_parents',
      help: 'Parents that are known.',
      read: () => this.#parents.size,
    });
    metrics.gauge({
      name: 'relay_parents_down',
      help: 'Parents that do not answer now.',
      read: () => [...this.#parents.values()].filter(({ isDown }) => isDown).length,
    });
    metrics.total({
      name: 'relay_parent_failures_total',
      help: 'Times that a parent was found not to answer.',
      read: () => this.#failures,
    });
  }

  #down(parent: Parent, error: unknown): void {
    if (parent.isDown) return;
    this.#failures++;
    parent.isDown = true;
    this.#options.log.warn(
      { parent: parent.base, reason: messageOf(error) },
      'parent does not answer',
    );
  }

  /** Resolves when a parent has come back, or the time is up. */
  #change(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#revived.delete(settle);
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        settle();
        reject(signal.reason);
      };
      const timer = setTimeout(settle, ms);
      this.#revived.add(settle);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async #ask(
    parent: Parent,
    path: string,
    via: string,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    const authorization = await this.#options.authorization();
    try {
      return await this.#send(parent, path, { authorization, [VIA_HEADER]: via }, signal);
    } catch (error) {
      // A connection that was kept may have been closed by the other end in the same moment.
      if (!(error instanceof StaleConnection) || parent.isDown) throw error;
      return this.#send(parent, path, { authorization, [VIA_HEADER]: via }, signal);
    }
  }

  #send(
    parent: Parent,
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    const secure = parent.base.startsWith('https:');
    return new Promise((resolve, reject) => {
      const req = (secure ? tlsRequest : request)(`${parent.base}${path}`, {
        agent: secure ? this.#tlsAgent : this.#agent,
        headers,
        signal,
      });
      parent.asked(req, performance.now());
      const settled = () => parent.settled(req);
      withTimeouts(req);
      req.once('error', (error) => {
        settled();
        const isStale = req.reusedSocket && !signal.aborted && !(error instanceof Unreachable);
        reject(isStale ? new StaleConnection(error) : error);
      });
      req.once('response', (body) => {
        settled();
        req.setTimeout(BODY_TIMEOUT_MS);
        body.once('error', () => {});
        resolve({ status: body.statusCode ?? 502, headers: body.headers, body });
      });
      req.end();
    });
  }

  /** Looks after parents that are down, and after those that have been silent on a question. */
  #watch(): void {
    const nowMs = performance.now();
    for (const parent of this.#parents.values()) {
      if (parent.isProbed || !parent.isSuspicious(nowMs)) continue;
      parent.isProbed = true;
      this.#probe(parent)
        .then(
          () => this.#alive(parent),
          (error) => {
            this.#down(parent, error);
            parent.abandon(new Unreachable('the parent does not answer'));
          },
        )
        .finally(() => {
          parent.isProbed = false;
        });
    }
  }

  #alive(parent: Parent): void {
    const wasDown = parent.isDown;
    parent.heard(performance.now());
    if (!wasDown) return;
    this.#options.log.info({ parent: parent.base }, 'parent is back');
    for (const settle of [...this.#revived]) settle();
  }

  /** Any answer is a sign of life. */
  #probe(parent: Parent): Promise<void> {
    const secure = parent.base.startsWith('https:');
    return new Promise((resolve, reject) => {
      const req = (secure ? tlsRequest : request)(`${parent.base}/healthz`, {
        agent: false,
        timeout: PROBE_TIMEOUT_MS,
      });
      const deadline = setTimeout(
        () => req.destroy(new Error('no sign of life')),
        PROBE_TIMEOUT_MS,
      );
      req.once('error', reject);
      req.once('response', (res) => {
        res.resume();
        resolve();
      });
      req.once('close', () => clearTimeout(deadline));
      req.end();
    });
  }
}

/** A kept connection that turned out to be closed: nothing is known of the parent yet. */
class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** The parent took too long, or was given up while it was being asked. */
class Unreachable extends Error {}

const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

const isUnreachable = (error: unknown): boolean =>
  error instanceof Unreachable || UNREACHABLE_CODES.has(systemCodeOf(error) ?? '');

function withTimeouts(req: ClientRequest): void {
  req.setTimeout(ANSWER_TIMEOUT_MS, () => req.destroy(new Unreachable('no answer in time')));
  req.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(
      () => req.destroy(new Unreachable('connection timed out')),
      CONNECT_TIMEOUT_MS,
    );
    socket.once('connect', () => clearTimeout(timer));
    req.once('close', () => clearTimeout(timer));
  });
}
