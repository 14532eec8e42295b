import type { Presence } from '#contracts';
import type { Redis } from '#platform';

/** A socket that is not renewed for so long counts no more: its node has died. */
const ALIVE_MS = 45_000;
export const PRESENCE_RENEW_MS = 15_000;

const socketsKey = (userId: string): string => `amphi:presence:{${userId}}`;
const callKey = (userId: string): string => `amphi:in-call:{${userId}}`;

/** Who is there, in Redis, with leases: a node that dies takes nobody with it for ever. */
export class PresenceBoard {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** A socket is there, still. Whether it is the first one of this user. */
  async here(userId: string, socketId: string): Promise<boolean> {
    const key = socketsKey(userId);
    const now = Date.now();
    const results = await this.#redis
      .multi()
      .zremrangebyscore(key, 0, now)
      .zcard(key)
      .zadd(key, now + ALIVE_MS, socketId)
      .pexpire(key, ALIVE_MS)
      .exec();
    return Number(results?.[1]?.[1] ?? 0) === 0;
  }

  /** A socket is gone. Whether it was the last one. */
  async gone(userId: string, socketId: string): Promise<boolean> {
    const key = socketsKey(userId);
    const results = await this.#redis
      .multi()
      .zrem(key, socketId)
      .zcount(key, Date.now(), '+inf')
      .exec();
    return Number(results?.[1]?.[1] ?? 0) === 0;
  }

  /** Of each of these users, in their order. */
  async of(userIds: readonly string[]): Promise<Presence[]> {
    if (userIds.length === 0) return [];
    const asked = this.#redis.pipeline();
    for (const userId of userIds) {
      asked.zcount(socketsKey(userId), Date.now(), '+inf').exists(callKey(userId));
    }
    const answers = (await asked.exec()) ?? [];
    return userIds.map((_, i) => {
      const [sockets, inCall] = [answers[2 * i]?.[1], answers[2 * i + 1]?.[1]].map(Number);
      if ((inCall ?? 0) > 0) return 'in-call';
      return (sockets ?? 0) > 0 ? 'online' : 'offline';
    });
  }

  /** Takes the one place that a user has for calls; false when it is taken. */
  async beginCall(userId: string, callId: string): Promise<boolean> {
    const answer = await this.#redis.set(callKey(userId), callId, 'PX', ALIVE_MS, 'NX');
    return answer === 'OK' || (await this.#redis.get(callKey(userId))) === callId;
  }

  /** The call that has this user's place. */
  async callOf(userId: string): Promise<string | undefined> {
    return (await this.#redis.get(callKey(userId))) ?? undefined;
  }

  /** The call goes on. */
  async renewCall(userId: string): Promise<void> {
    await this.#redis.pexpire(callKey(userId), ALIVE_MS);
  }

  async endCall(userId: string, callId: string): Promise<void> {
    await this.#redis.eval(END, 1, callKey(userId), callId);
  }
}

const END = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;
