import { AmphiError, messageOf } from '#base';
import type { Redis } from './redis.ts';

/** Says the id of a session whose person has signed out. */
export const SESSION_ENDED_CHANNEL = 'amphi:session-ended';
const endedKey = (sessionId: string): string => `amphi:session-ended:${sessionId}`;

/** A token that stands for somebody who is signed in. */
export interface Session {
  sessionId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Sessions that were ended before they expire, over all nodes. */
export class EndedSessions {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Its token is worthless from now on, wherever it was copied to. */
  async end({ sessionId, expiresAt }: Session): Promise<void> {
    const seconds = Math.max(1, Math.ceil((expiresAt - Date.now()) / 1000));
    await this.#redis
      .multi()
      .set(endedKey(sessionId), '1', 'EX', seconds)
      .publish(SESSION_ENDED_CHANNEL, sessionId)
      .exec();
  }

  /** Throws `unavailable` when that cannot be told. */
  async has({ sessionId }: Session): Promise<boolean> {
    try {
      return (await this.#redis.exists(endedKey(sessionId))) === 1;
    } catch (cause) {
      throw new AmphiError('unavailable', {
        detail: `sessions cannot be checked: ${messageOf(cause)}`,
        cause,
      });
    }
  }
}
