import { AmphiError, delay, isAmphiError, type Logger, messageOf, retryDelayMs } from '#base';

const RETRY = { baseMs: 100, capMs: 1_000, jitter: 0.3, attempts: Number.POSITIVE_INFINITY };
/** So much waits while the database is away; what must be kept is not counted. */
const MAX_WAITING = 1_000;
/** Somebody who waits for it is told after so long that it did not work. */
const PATIENCE_MS = 20_000;
/** Who stops does not wait longer than that for a database that is away. */
const FLUSH_MS = 5_000;

interface Must {
  work: () => Promise<unknown>;
  settled: () => void;
}

/**
 * Writes to the database of one room, tried again while it is away. What is
 * said and noted is written in its order, up to a bound. What must be kept has
 * a line of its own, in which the newest of each kind stands: it is never
 * refused, waits behind nothing, and cannot grow.
 */
export class Journal {
  readonly #log: Logger;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** By kind. */
  readonly #musts = new Map<string, Must>();
  readonly #stop = new AbortController();
  #keeping: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Resolves when it is written. Rejects with `unavailable` when that took too
   * long or too much waits already: then it may still have been written. `done`
   * is called once it is, before anything else has its turn.
   */
  write<Result>(work: () => Promise<Result>, done?: (result: Result) => void): Promise<void> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(new AmphiError('unavailable', 'The database does not keep up'));
    }
    this.#waiting++;
    const written = this.#tail.then(() => this.#try(work)).then(done);
    this.#tail = written
      .catch(() => {})
      .finally(() => {
        this.#waiting--;
      });
    return written;
  }

  /** Writes what nobody waits for. */
  note(work: () => Promise<unknown>): void {
    this.write(work).catch((error) =>
      this.#log.warn({ reason: messageOf(error) }, 'not written down'),
    );
  }

  /**
   * Writes what has to be kept, however long that takes. One of the same kind
   * that still waits is given up for it: `work` writes all that there is of its
   * kind, and is harmless when done twice. `settled`: it is written, or refused.
   */
  must(kind: string, work: () => Promise<unknown>, settled = (): void => {}): void {
    this.#musts.set(kind, { work, settled });
    this.#keeping ??= this.#keep();
  }

  /**
   * Resolves when all that was asked for is written, or given up because that
   * was not possible for some seconds. Called at the end.
   */
  async flush(): Promise<void> {
    const late = delay(FLUSH_MS, this.#stop.signal).catch(() => {});
    const written = this.#tail.then(() => this.#keeping);
    await Promise.race([written, late]);
    this.#stop.abort();
  }

  async #keep(): Promise<void> {
    for (let attempt = 1; this.#musts.size > 0; attempt++) {
      if (attempt > 1) {
        await this.#wait(attempt - 1);
        if (this.#stop.signal.aborted) break;
      }
      // One that cannot be written does not hold up the others.
      for (const [kind, must] of [...this.#musts]) {
        if (this.#stop.signal.aborted) break;
        const isDone = await this.#once(kind, must.work, attempt);
        if (!isDone || this.#musts.get(kind) !== must) continue;
        this.#musts.delete(kind);
        must.settled();
      }
    }
    this.#keeping = undefined;
  }

  /** Whether there is nothing more to do for it. */
  async #once(kind: string, work: () => Promise<unknown>, attempt: number): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const final = isFinal(error);
      const about = { kind, reason: messageOf(error) };
      if (final) this.#log.error(about, 'refused by the database, and not written down');
      else if (attempt === 1) this.#log.warn(about, 'not written down yet, tried again');
      return final;
    }
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      if (this.#stop.signal.aborted) throw new AmphiError('unavailable', 'The node stops');
      try {
        return await work();
      } catch (error) {
        if (isFinal(error)) throw error;
        const isLate = performance.now() - startedAt > PATIENCE_MS;
        if (!isLate) await this.#wait(attempt);
        if (isLate || this.#stop.signal.aborted) {
          const detail = 'The database does not answer; try again';
          throw new AmphiError('unavailable', { detail, cause: error });
        }
      }
    }
  }

  /** Not any longer once it is the end. */
  async #wait(attempt: number): Promise<void> {
    await delay(retryDelayMs(RETRY, attempt), this.#stop.signal).catch(() => {});
  }
}

/** What the application itself refuses is not mended by another attempt. */
const isFinal = (error: unknown): boolean => isAmphiError(error) && error.code !== 'unavailable';
