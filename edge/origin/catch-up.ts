import { delay } from '#base';
import type { RenditionStore } from './rendition-store.ts';

/** How long answers wait for pushers after a restart. */
const PATIENCE_MS = 5_000;

/**
 * After a restart, what was published last may be missing from the disk.
 * Pushers have it and send it again. Until then nothing is said of a
 * rendition, lest its playlist step back.
 */
export class CatchUp {
  readonly #store: RenditionStore;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #over = false;

  constructor(store: RenditionStore, patienceMs = PATIENCE_MS) {
    this.#store = store;
    this.#done = delay(patienceMs, this.#abort.signal).then(
      () => this.#finish(),
      () => {},
    );
    if (store.ended) this.#finish();
  }

  get over(): boolean {
    return this.#over;
  }

  /** A pusher is there; the newest that it ever sent ends here. Undefined when it has sent nothing yet. */
  pusherStands(newestEndUs: number | undefined): void {
    if (this.#over) return;
    const isThere = () => (this.#store.endUs ?? 0) >= (newestEndUs ?? 0) - 1_000;
    if (newestEndUs !== undefined && isThere()) {
      this.#finish();
      return;
    }
    const off = this.#store.on('advanced', () => {
      if (!isThere()) return;
      off();
      this.#finish();
    });
  }

  /** Resolves when there is nothing to wait for any more. */
  wait(): Promise<void> {
    return this.#over ? Promise.resolve() : this.#done;
  }

  close(): void {
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#abort.abort();
  }
}
