import { AmphiError } from '#base';
import type { Redis } from './redis.ts';

export interface AttemptLimits {
  /** What is attempted: the part of the key that is not who. */
  readonly name: string;
  /** So many failures … */
  readonly failures: number;
  /** … within so many seconds of the first, and no more attempts are taken until they are over. */
  readonly seconds: number;
}

/**
 * Counts failed attempts by who makes them, over all nodes. A guess costs a
 * place, whether it is right or wrong; a right one gives its own place back, or
 * all of them where nobody else guesses by that name.
 */
export class Attempts {
  readonly #redis: Redis;
  readonly #limits: AttemptLimits;

  constructor(redis: Redis, limits: AttemptLimits) {
    this.#redis = redis;
    this.#limits = limits;
  }

  /** Takes a place. Throws `too_many`, with these words and how long to wait, when there is none left. */
  async spend(who: string, words = 'Too many attempts'): Promise<void> {
    const wait = await this.#wait(who);
    if (wait === undefined) return;
    const detail = `${words}. Try again in ${wait} s.`;
    throw new AmphiError('too_many', { detail, retryAfterSeconds: wait });
  }

  /** What a guess, whose place is taken, was found to be; its place is free again when nobody came to look at it. */
  async looked<T>(who: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.giveBack(who);
      throw error;
    }
  }

  /** It was no failure, or nothing was tried: the place is free again. */
  async giveBack(who: string): Promise<void> {
    await this.#redis.eval(GIVE_BACK, 1, this.#keyOf(who));
  }

  /** Takes a place. Seconds to wait when there is none left. */
  async #wait(who: string): Promise<number | undefined> {
    const { failures, seconds } = this.#limits;
    const key = this.#keyOf(who);
    const results = await this.#redis.multi().incr(key).expire(key, seconds, 'NX').ttl(key).exec();
    const [count, , left] = results?.map(([error, value]) => {
      if (error !== null) throw error;
      return Number(value);
    }) ?? [0, 0, 0];
    return (count ?? 0) > failures ? Math.max(1, left ?? seconds) : undefined;
  }

  /** Whoever this is may: all places are free again. */
  async succeeded(who: string): Promise<void> {
    await this.#redis.del(this.#keyOf(who));
  }

  #keyOf(who: string): string {
    return `amphi:attempts:${this.#limits.name}:${who}`;
  }
}

const GIVE_BACK = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then return redis.call('DECR', KEYS[1]) end
return 0`;
