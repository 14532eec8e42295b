/** Counts what is held, in all and for each of those who hold it, up to a bound of each. */
export class Tally {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #each = new Map<string, number>();
  #held = 0;
  #refused = 0;

  constructor(most: number, mostEach: number) {
    this.#most = most;
    this.#mostEach = mostEach;
  }

  get held(): number {
    return this.#held;
  }

  /** How often a bound stood in the way. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes one for this holder; returns how to give it back, or undefined when there is none left. */
  take(holder: string): (() => void) | undefined {
    const own = this.#each.get(holder) ?? 0;
    if (this.#held >= this.#most || own >= this.#mostEach) {
      this.#refused++;
      return undefined;
    }
    this.#held++;
    this.#each.set(holder, own + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#held--;
      const left = (this.#each.get(holder) ?? 1) - 1;
      if (left > 0) this.#each.set(holder, left);
      else this.#each.delete(holder);
    };
  }
}
