import { Emitter, type RetryPolicy, retryDelayMs } from '#base';
import type { ViewerStatus } from '#contracts';
import { textOf, type Wire } from '../net/wire.ts';
import { readStatus } from './answers.ts';
import { type Finding, findingOf } from './view.ts';

type FeedEvents = {
  status: [status: ViewerStatus];
  /** What the latest question came to. */
  finding: [finding: Finding];
};

/** The answer waits on the server for up to 15 s; beyond this it is lost. */
const ANSWER_MS = 25_000;
/** Never faster than this, whatever the server answers. */
const LEAST_PAUSE_MS = 300;
/** An event that was never on air is not known to the origin yet. */
const UNKNOWN_PAUSE_MS = 2_000;
const RETRY: RetryPolicy = {
  baseMs: 500,
  capMs: 6_000,
  jitter: 0.4,
  attempts: Number.POSITIVE_INFINITY,
};

/** Keeps asking what is going on with an event; every answer that is news is an event. */
export class StatusFeed extends Emitter<FeedEvents> {
  readonly #wire: Wire;
  readonly #url: string;
  #abort = new AbortController();
  #version = -1;
  #failures = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(wire: Wire, statusUrl: string) {
    super();
    this.#wire = wire;
    this.#url = statusUrl;
  }

  start(): void {
    this.#run().catch((error) => console.error('status feed:', error));
  }

  /** Asks at once, e.g. because the network is back. */
  hurry(): void {
    this.#failures = 0;
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#abort.abort();
    this.#wake?.();
    this.removeAll();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const askedAt = performance.now();
      const pauseMs = await this.#ask();
      const leastMs = LEAST_PAUSE_MS - (performance.now() - askedAt);
      await this.#pause(Math.max(pauseMs, leastMs, 0));
    }
  }

  /** One question; the wait before the next in milliseconds. */
  async #ask(): Promise<number> {
    const after = this.#version >= 0 ? `?after=${this.#version}` : '';
    this.#abort = new AbortController();
    const timer = setTimeout(() => this.#abort.abort(), ANSWER_MS);
    try {
      const answer = await this.#wire.get(`${this.#url}${after}`, {
        signal: this.#abort.signal,
        held: after !== '',
      });
      const finding = findingOf(answer.status);
      const status = finding === 'found' ? readStatus(textOf(answer)) : undefined;
      if (this.#closed) return 0;
      if (status !== undefined) {
        this.#failures = 0;
        this.emit('finding', 'found');
        if (status.version !== this.#version) {
          // A smaller version is news as well: the origin has begun to count anew.
          this.#version = status.version;
          this.emit('status', status);
        }
        return 0;
      }
      this.emit('finding', finding === 'found' ? 'unreachable' : finding);
      if (finding === 'missing') return UNKNOWN_PAUSE_MS;
    } catch {
      if (this.#closed) return 0;
      this.emit('finding', 'unreachable');
    } finally {
      clearTimeout(timer);
    }
    this.#failures++;
    return retryDelayMs(RETRY, this.#failures);
  }

  #pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
