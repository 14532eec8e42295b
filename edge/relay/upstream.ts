import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { AmphiError, type Logger, messageOf } from '#base';

/** The parents of a relay, in order of preference: tried in turn, remembered while they fail. */

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
  log: Logger;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Blocking requests are held by the parent; this is beyond what any is. */
const ANSWER_TIMEOUT_MS = 20_000;
/** A parent that failed is left alone for this long while another one works. */
const AVOID_MS = 5_000;
const MAX_SOCKETS = 512;

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: 60_000 });
  readonly #tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: 60_000 });
  readonly #avoidUntil = new Map<string, number>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /**
   * Asks the first parent that answers. A parent's own problem (4xx) is an
   * answer. Rejects with `upstream_failed` when none can be reached.
   */
  async get(path: string): Promise<UpstreamAnswer> {
    const parents = await this.#options.parents();
    const now = performance.now();
    const isAvoided = (base: string) => (this.#avoidUntil.get(base) ?? 0) > now;
    const order = [...parents.filter((p) => !isAvoided(p)), ...parents.filter(isAvoided)];
    let failure: unknown;
    for (const base of order) {
      try {
        const answer = await this.#ask(base, path);
        if (answer.status < 500) {
          this.#avoidUntil.delete(base);
          return answer;
        }
        failure = new AmphiError('upstream_failed', `${base} answered ${answer.status}`);
        // Late media is no fault of that parent's.
        if (answer.status === 503) return answer;
        answer.body.resume();
      } catch (error) {
        failure = error;
      }
      if (!isAvoided(base)) {
        this.#options.log.warn(
          { parent: base, reason: messageOf(failure) },
          'parent does not answer',
        );
      }
      this.#avoidUntil.set(base, performance.now() + AVOID_MS);
    }
    throw new AmphiError('upstream_failed', {
      detail: order.length === 0 ? 'no parent is known' : 'no parent answers',
      cause: failure,
    });
  }

  close(): void {
    this.#agent.destroy();
    this.#tlsAgent.destroy();
  }

  async #ask(base: string, path: string): Promise<UpstreamAnswer> {
    const headers = { authorization: await this.#options.authorization() };
    const secure = base.startsWith('https:');
    return new Promise((resolve, reject) => {
      const req = (secure ? tlsRequest : request)(`${base}${path}`, {
        agent: secure ? this.#tlsAgent : this.#agent,
        headers,
      });
      const connecting = setTimeout(
        () => req.destroy(new Error('connection timed out')),
        CONNECT_TIMEOUT_MS,
      );
      req.once('socket', (socket) => {
        if (!socket.connecting) clearTimeout(connecting);
        else socket.once('connect', () => clearTimeout(connecting));
      });
      req.setTimeout(ANSWER_TIMEOUT_MS, () => req.destroy(new Error('no answer in time')));
      req.once('error', (error) => {
        clearTimeout(connecting);
        reject(error);
      });
      req.once('response', (body) => {
        clearTimeout(connecting);
        resolve({ status: body.statusCode ?? 502, headers: body.headers, body });
      });
      req.end();
    });
  }
}
