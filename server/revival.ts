import { delay, retryDelayMs } from '#base';

const RESTART = { baseMs: 100, capMs: 5_000, jitter: 0.2, attempts: Number.POSITIVE_INFINITY };
/** A life that lasted this long was healthy. */
const HEALTHY_MS = 20_000;

/** Brings something back to life when it has died: at once the first time, then with growing patience. */
export class Revival {
  readonly #live: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #abort = new AbortController();
  #failures = 0;
  #restarts = 0;

  /** `live` begins another life; when it rejects, `onFailure` hears why and it is tried again. */
  constructor(live: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#live = live;
    this.#onFailure = onFailure;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Nothing is brought back any more. */
  get over(): boolean {
    return this.#abort.signal.aborted;
  }

  close(): void {
    this.#abort.abort();
  }

  /** The life that began then, by `performance.now()`, is at its end. */
  async after(beganAtMs: number): Promise<void> {
    const { signal } = this.#abort;
    this.#failures = performance.now() - beganAtMs > HEALTHY_MS ? 0 : this.#failures + 1;
    while (!signal.aborted) {
      if (this.#failures > 1) {
        await delay(retryDelayMs(RESTART, this.#failures - 1), signal).catch(() => {});
      }
      if (signal.aborted) return;
      this.#restarts++;
      try {
        await this.#live();
        return;
      } catch (error) {
        this.#failures++;
        this.#onFailure(error);
      }
    }
  }
}
