import type { RetryPolicy } from '#base';

/**
 * What to do when the engine gives up on something. It mends most errors by
 * itself; what reaches this table would otherwise end playback.
 */

export type Failure =
  /** Requests fail. */
  | 'network'
  /** The decoder or its buffers refuse the media. */
  | 'media'
  /** The playlist is another one than before, or makes no sense. */
  | 'playlist'
  /** Nothing moves although it should. */
  | 'frozen'
  | 'other';

export type Remedy =
  /** Give the same stream a new decoder. */
  | { action: 'revive'; delayMs: 0 }
  /** Open the stream anew. */
  | { action: 'reopen'; delayMs: number };

/** While the event is on air there is no last attempt. */
export const REOPEN: RetryPolicy = {
  baseMs: 400,
  capMs: 5_000,
  jitter: 0.4,
  attempts: Number.POSITIVE_INFINITY,
};

/** A second media error within this time is not mended by another new decoder. */
const REVIVE_ONCE_IN_MS = 15_000;
/** Having played for so long counts as mended. */
const MENDED_AFTER_MS = 10_000;

export class Recovery {
  readonly #delayMs: (attempt: number) => number;
  #revivedAtMs = Number.NEGATIVE_INFINITY;
  #attempt = 0;
  #playingSinceMs: number | undefined;

  /** `delayMs` gives the wait before attempt 1, 2, …: back-off with its jitter. */
  constructor(delayMs: (attempt: number) => number) {
    this.#delayMs = delayMs;
  }

  /** Attempts since it last played well. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The picture moves. */
  playing(nowMs: number): void {
    this.#playingSinceMs ??= nowMs;
    if (nowMs - this.#playingSinceMs >= MENDED_AFTER_MS) this.#attempt = 0;
  }

  failed(failure: Failure, nowMs: number): Remedy {
    this.#playingSinceMs = undefined;
    if (failure === 'media' && nowMs - this.#revivedAtMs > REVIVE_ONCE_IN_MS) {
      this.#revivedAtMs = nowMs;
      return { action: 'revive', delayMs: 0 };
    }
    // Another stream under the same address is there already: no need to wait for it, once.
    const atOnce = failure === 'playlist' && this.#attempt === 0;
    this.#attempt++;
    return { action: 'reopen', delayMs: atOnce ? 0 : this.#delayMs(this.#attempt) };
  }

  /** The network is back, or somebody asks: the next attempt need not wait. */
  hurry(): void {
    this.#attempt = 0;
  }
}
