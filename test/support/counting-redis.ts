import type { Redis } from '#platform';

/** As much of a Redis as `Attempts` uses: it counts by key, and time stands still in it. */
export class CountingRedis {
  readonly #counts = new Map<string, number>();
  readonly redis = {
    multi: () => this.#multi(),
    // The one script that gives a place back.
    eval: async (_script: string, _keys: number, key: string) => {
      const count = this.#counts.get(key) ?? 0;
      if (count > 0) this.#counts.set(key, count - 1);
    },
    del: async (key: string) => {
      this.#counts.delete(key);
    },
    exists: async () => 0,
    hget: async () => null,
  } as unknown as Redis;

  #multi() {
    let count = 0;
    const chain = {
      incr: (key: string) => {
        count = (this.#counts.get(key) ?? 0) + 1;
        this.#counts.set(key, count);
        return chain;
      },
      expire: () => chain,
      ttl: () => chain,
      exec: async () => [count, 1, 42].map((value) => [null, value]),
    };
    return chain;
  }
}
