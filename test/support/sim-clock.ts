import { type Clock, type Micros, type Millis, micros, millis } from '#base';

/** Time that stands still until it is told to go on, with everything that happens in it. */
export class SimClock implements Clock {
  readonly #startUs: number;
  #elapsedUs = 0;
  readonly #ticks = new Set<{ everyUs: number; dueUs: number; tick: () => void }>();

  constructor(startUs = Date.parse('2026-03-01T12:00:00Z') * 1000) {
    this.#startUs = startUs;
  }

  nowUs(): Micros {
    return micros(this.#startUs + this.#elapsedUs);
  }

  monotonicMs(): Millis {
    return millis(this.#elapsedUs / 1000);
  }

  get elapsedUs(): number {
    return this.#elapsedUs;
  }

  /** How many things are called again and again. */
  get tickers(): number {
    return this.#ticks.size;
  }

  every(ms: number, tick: () => void): () => void {
    const entry = { everyUs: ms * 1000, dueUs: this.#elapsedUs + ms * 1000, tick };
    this.#ticks.add(entry);
    return () => this.#ticks.delete(entry);
  }

  /** Lets time pass up to this point after the start; what is due on the way is called in turn. */
  advanceTo(elapsedUs: number): void {
    for (;;) {
      let next: { everyUs: number; dueUs: number; tick: () => void } | undefined;
      for (const entry of this.#ticks) {
        if (entry.dueUs <= elapsedUs && (next === undefined || entry.dueUs < next.dueUs)) {
          next = entry;
        }
      }
      if (next === undefined) break;
      this.#elapsedUs = Math.max(this.#elapsedUs, next.dueUs);
      next.dueUs += next.everyUs;
      next.tick();
    }
    this.#elapsedUs = Math.max(this.#elapsedUs, elapsedUs);
  }

  advance(us: number): void {
    this.advanceTo(this.#elapsedUs + us);
  }
}
