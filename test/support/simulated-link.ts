/** What is to happen, in order of time; nothing happens by itself. Milliseconds. */
export class Agenda {
  readonly #entries: { ms: number; order: number; run: () => void }[] = [];
  #order = 0;
  nowMs = 0;

  at(ms: number, run: () => void): void {
    const entry = { ms: Math.max(ms, this.nowMs), order: this.#order++, run };
    let place = this.#entries.length;
    while (place > 0 && isAfter(this.#entries[place - 1], entry)) place--;
    this.#entries.splice(place, 0, entry);
  }

  every(intervalMs: number, run: () => void): void {
    const again = (ms: number) =>
      this.at(ms, () => {
        run();
        again(ms + intervalMs);
      });
    again(this.nowMs + intervalMs);
  }

  /** Lets time pass, with everything that is due on the way. */
  runUntil(ms: number): void {
    for (let next = this.#entries[0]; next !== undefined && next.ms <= ms; ) {
      this.#entries.shift();
      this.nowMs = next.ms;
      next.run();
      next = this.#entries[0];
    }
    this.nowMs = ms;
  }
}

const isAfter = (
  a: { ms: number; order: number } | undefined,
  b: { ms: number; order: number },
): boolean => a !== undefined && (a.ms > b.ms || (a.ms === b.ms && a.order > b.order));

export interface SimulatedLinkOptions {
  bitsPerSecond: number;
  /** What waits longer than this is not taken in. */
  queueMs: number;
  delayMs: number;
  /** Share of the packets that get lost at random. */
  loss: number;
}

/** IPv4 and UDP around each packet. */
const HEADERS = 28;

/** One direction of a path: a bottleneck with a bounded queue, then a delay, and chance. */
export class SimulatedLink {
  readonly #agenda: Agenda;
  readonly #random: () => number;
  readonly options: SimulatedLinkOptions;
  #freeMs = 0;
  /** Longest wait since it was last looked at. */
  #longestMs = 0;
  bytes = 0;
  tailDrops = 0;

  constructor(agenda: Agenda, options: SimulatedLinkOptions, random: () => number = numbers()) {
    this.#agenda = agenda;
    this.options = options;
    this.#random = random;
  }

  /** `deliver` is called with a copy when it comes out at the other end. */
  send(packet: Uint8Array, deliver: (packet: Buffer) => void): void {
    const { bitsPerSecond, queueMs, delayMs, loss } = this.options;
    const { nowMs } = this.#agenda;
    const waitMs = Math.max(0, this.#freeMs - nowMs);
    if (waitMs > queueMs) {
      this.tailDrops++;
      return;
    }
    const bytes = packet.length + HEADERS;
    this.#longestMs = Math.max(this.#longestMs, waitMs);
    this.#freeMs = nowMs + waitMs + (bytes * 8_000) / bitsPerSecond;
    this.bytes += bytes;
    if (this.#random() < loss) return;
    const copy = Buffer.from(packet);
    this.#agenda.at(this.#freeMs + delayMs, () => deliver(copy));
  }

  /** The longest that a packet had to wait in the queue since this was last asked. */
  takeLongestWaitMs(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }
}

/** The same row at every run (Numerical Recipes). In [0, 1). */
export function numbers(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
