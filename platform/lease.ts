import { type Closable, type Logger, messageOf } from '#base';
import type { Redis } from './redis.ts';

const LEASE_MS = 6_000;
const RENEW_MS = 1_500;

/**
 * The sole right to do something, held in Redis as long as it is renewed. An
 * owner that comes back under its own name gets it again at once.
 */
export class Lease implements Closable {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #owner: string;
  readonly #timer: NodeJS.Timeout;
  readonly #onLost: () => void;
  readonly #log: Logger;

  private constructor(options: LeaseOptions) {
    this.#redis = options.redis;
    this.#key = `amphi:lease:${options.name}`;
    this.#owner = options.owner;
    this.#onLost = options.onLost;
    this.#log = options.log;
    this.#timer = setInterval(() => this.#renew(), RENEW_MS);
  }

  /** Returns the lease, or the name of whoever holds it. */
  static async acquire(options: LeaseOptions): Promise<Lease | { heldBy: string }> {
    const key = `amphi:lease:${options.name}`;
    const holder = await options.redis.eval(ACQUIRE, 1, key, options.owner, String(LEASE_MS));
    if (holder !== options.owner) return { heldBy: String(holder) };
    return new Lease(options);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#redis.eval(RELEASE, 1, this.#key, this.#owner).catch(() => {});
  }

  async #renew(): Promise<void> {
    try {
      const holder = await this.#redis.eval(ACQUIRE, 1, this.#key, this.#owner, String(LEASE_MS));
      if (holder === this.#owner) return;
      clearInterval(this.#timer);
      this.#log.warn({ lease: this.#key, heldBy: String(holder) }, 'lease lost');
      this.#onLost();
    } catch (error) {
      // While Redis is away nobody else can take it either.
      this.#log.debug({ lease: this.#key, reason: messageOf(error) }, 'lease not renewed');
    }
  }
}

export interface LeaseOptions {
  redis: Redis;
  name: string;
  owner: string;
  /** Another owner has it now. */
  onLost: () => void;
  log: Logger;
}

const ACQUIRE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;
