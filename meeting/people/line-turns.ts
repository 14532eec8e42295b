import { AmphiError } from '#base';

/** Said by one socket, and not begun. */
const MOST_WAITING = 50;

/** Does what one socket says, one thing after the other; once the socket has gone, nothing more of it. */
export class LineTurns {
  #last: Promise<unknown>;
  #waiting = 0;
  #gone = false;

  /** `opening` comes before all that is said; it does not reject. */
  constructor(opening: Promise<void>) {
    this.#last = opening;
  }

  /** Does the work, which does not reject, when its turn has come. Throws `too_many` when too much waits. */
  take(work: () => Promise<void>): void {
    if (this.#waiting >= MOST_WAITING) {
      throw new AmphiError('too_many', 'Too much at once: wait for the answers');
    }
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      this.#waiting--;
      if (!this.#gone) await work();
    });
  }

  /** The socket has gone: what waits is not done. `closing`, which does not reject, comes after what is being done. */
  end(closing: () => Promise<void>): void {
    this.#gone = true;
    this.#last = this.#last.then(closing);
  }
}
