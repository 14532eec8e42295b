import { AmphiError, delay, isAmphiError, type Logger, messageOf, retryDelayMs } from '#base';

const RETRY = { baseMs: 100, capMs: 1_000, jitter: 0.3, attempts: Number.POSITIVE_INFINITY };
/** So much waits while the database is away. */
const MAX_WAITING = 1_000;
/** Somebody who waits for it is told after so long that it did not work. */
const PATIENCE_MS = 20_000;

/** Writes to the database of one room, in their order, tried again while it is away. */
export class Journal {
  readonly #log: Logger;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Resolves when it is written. Rejects with `unavailable` when that took too
   * long or too much waits already: then it may still have been written.
   */
  write(work: () => Promise<unknown>): Promise<void> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(new AmphiError('unavailable', 'The database does not keep up'));
    }
    this.#waiting++;
    const done = this.#tail.then(() => this.#try(work));
    this.#tail = done
      .catch(() => {})
      .finally(() => {
        this.#waiting--;
      });
    return done;
  }

  /** Writes what nobody waits for. */
  note(work: () => Promise<unknown>): void {
    this.write(work).catch((error) =>
      this.#log.warn({ reason: messageOf(error) }, 'not written down'),
    );
  }

  /** Resolves when all that was asked for is written or given up. */
  async flush(): Promise<void> {
    await this.#tail;
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        // What the application itself refuses is not mended by another attempt.
        const final = isAmphiError(error) && error.code !== 'unavailable';
        if (final) throw error;
        if (performance.now() - startedAt > PATIENCE_MS) {
          throw new AmphiError('unavailable', {
            detail: 'The database does not answer; try again',
            cause: error,
          });
        }
        await delay(retryDelayMs(RETRY, attempt));
      }
    }
  }
}
