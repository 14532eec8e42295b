import { ServerClock, TIME_HEADER } from './server-clock.ts';

/** An HTTP answer with its times, in the unit and origin of `performance.now()`. */
export interface Answer {
  /** After redirects. */
  url: string;
  status: number;
  headers: Headers;
  body: ArrayBuffer;
  sentAt: number;
  firstAt: number;
  endAt: number;
  /** The server may have kept the question open until there was something to answer. */
  held: boolean;
}

export interface GetOptions {
  signal?: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  held?: boolean;
}

interface Ahead {
  answer: Promise<Answer>;
  abort: AbortController;
  askedAt: number;
}

/** Requests made ahead that nobody has come for: so many, for so long. */
const MAX_AHEAD = 24;
const AHEAD_MS = 8_000;
const RTT_SAMPLES = 8;

/**
 * All of the player's requests to the server: adds a private event's token,
 * reads the server's clock off every answer, and lets those be made ahead
 * that are going to be needed.
 */
export class Wire {
  readonly clock = new ServerClock();
  #token: string | undefined;
  readonly #ahead = new Map<string, Ahead>();
  #rttMs: number[] = [];
  /** Counted for the statistics panel. */
  readonly counters = { requests: 0, bytes: 0, ahead: 0, used: 0, failed: 0 };

  constructor(token: string | undefined) {
    this.#token = token;
  }

  /** What opens a private event to this viewer. */
  get token(): string | undefined {
    return this.#token;
  }

  /** From now on this token goes with every request that has none of its own. */
  adopt(token: string): void {
    this.#token = token;
  }

  /** Time from question to answer of questions that are answered at once: the least of the latest few. */
  get rttMs(): number | undefined {
    return this.#rttMs.length === 0 ? undefined : Math.min(...this.#rttMs);
  }

  /** The address with the viewer's token, where one is needed. */
  addressed(url: string): string {
    if (this.#token === undefined) return url;
    const address = new URL(url, document.baseURI);
    if (!address.searchParams.has('token')) address.searchParams.set('token', this.#token);
    return address.href;
  }

  /** The body of a GET, whatever its status. Rejects when there is no answer, or when aborted. */
  async get(url: string, options: GetOptions = {}): Promise<Answer> {
    this.counters.requests++;
    const sentAt = performance.now();
    const { signal, headers = {}, held = false } = options;
    try {
      const response = await fetch(this.addressed(url), {
        signal: signal ?? null,
        headers,
        cache: cacheOf(url),
      });
      const firstAt = performance.now();
      this.#learn(response, sentAt, firstAt, held);
      const body = await response.arrayBuffer();
      this.counters.bytes += body.byteLength;
      return {
        url: response.url,
        status: response.status,
        headers: response.headers,
        body,
        sentAt,
        firstAt,
        endAt: performance.now(),
        held,
      };
    } catch (error) {
      if (signal?.aborted !== true) this.counters.failed++;
      throw error;
    }
  }

  /** Begins a GET that will be taken soon. */
  ahead(url: string, options: { held?: boolean } = {}): Promise<Answer> {
    const known = this.#ahead.get(url);
    if (known !== undefined) return known.answer;
    this.#forgetOld();
    const abort = new AbortController();
    const answer = this.get(url, { ...options, signal: abort.signal });
    // Whoever takes it sees the failure; nobody may ever take it.
    answer.catch(() => {});
    this.#ahead.set(url, { answer, abort, askedAt: performance.now() });
    this.counters.ahead++;
    return answer;
  }

  /** The answer to a GET that was made ahead; each can be taken once, and is given up by its taker. */
  take(url: string, signal?: AbortSignal): Promise<Answer> | undefined {
    const ahead = this.#ahead.get(url);
    if (ahead === undefined) return undefined;
    this.#ahead.delete(url);
    if (performance.now() - ahead.askedAt > AHEAD_MS) {
      ahead.abort.abort();
      return undefined;
    }
    signal?.addEventListener('abort', () => ahead.abort.abort(), { once: true });
    this.counters.used++;
    return ahead.answer;
  }

  /** Gives up everything that was asked ahead. */
  drop(): void {
    for (const { abort } of this.#ahead.values()) abort.abort();
    this.#ahead.clear();
  }

  #forgetOld(): void {
    const now = performance.now();
    for (const [url, { abort, askedAt }] of this.#ahead) {
      if (this.#ahead.size < MAX_AHEAD && now - askedAt < AHEAD_MS) break;
      abort.abort();
      this.#ahead.delete(url);
    }
  }

  #learn(response: Response, sentAt: number, firstAt: number, held: boolean): void {
    const age = response.headers.get('age');
    const time = response.headers.get(TIME_HEADER);
    this.clock.add({
      sentAtMs: localEpoch(sentAt),
      receivedAtMs: localEpoch(firstAt),
      dateMs: Date.parse(response.headers.get('date') ?? ''),
      ...(time === null ? {} : { serverMs: Number(time) }),
      ...(age === null ? {} : { ageSeconds: Number(age) }),
    });
    if (held || !response.ok) return;
    this.#rttMs = [...this.#rttMs.slice(1 - RTT_SAMPLES), firstAt - sentAt];
  }
}

/** Media never changes; everything else is asked for because it may have. */
const cacheOf = (url: string): RequestCache =>
  /\.(m4s|mp4|jpg)(\?|$)/.test(url) ? 'default' : 'no-store';

/** Epoch milliseconds of a `performance.now()`, free of steps of the wall clock while the page is open. */
export const localEpoch = (at: number): number => performance.timeOrigin + at;

export const textOf = (answer: Answer): string => new TextDecoder().decode(answer.body);
