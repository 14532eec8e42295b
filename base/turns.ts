import type { AmphiError } from './errors.ts';

/** Lets so many pieces of work run at once and so many wait for their turn, first come first served; more are refused. */
export class Turns {
  readonly #most: { running: number; waiting: number };
  readonly #refusal: () => AmphiError;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: { running: number; waiting: number; refusal: () => AmphiError }) {
    this.#most = options;
    this.#refusal = options.refusal;
  }

  /** Does the work when its turn has come. Throws the refusal at once when too many wait. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#most.running) this.#running++;
    else if (this.#waiting.length >= this.#most.waiting) throw this.#refusal();
    // Whoever is done hands its place on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
