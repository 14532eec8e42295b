import type { CallMessage } from '#contracts';
import { type AttemptLimits, Attempts, type Redis } from '#platform';

const SEEN: AttemptLimits = { name: 'user-seen', failures: 240, seconds: 60 };

/** More is no conversation, and no way to reach somebody. */
const LIMITS: Partial<Record<CallMessage['type'], AttemptLimits>> = {
  call: { name: 'user-calls', failures: 60, seconds: 600 },
  capabilities: { name: 'user-capabilities', failures: 60, seconds: 60 },
  message: { name: 'user-messages', failures: 120, seconds: 60 },
  'message-history': { name: 'user-history', failures: 120, seconds: 60 },
  'messages-seen': SEEN,
  'missed-seen': SEEN,
};

/** How often an account says what makes work, from all of its devices on all nodes. */
export class AccountLimits {
  readonly #attempts: ReadonlyMap<string, Attempts>;

  constructor(redis: Redis) {
    const limits = Object.entries(LIMITS);
    this.#attempts = new Map(limits.map(([type, limit]) => [type, new Attempts(redis, limit)]));
  }

  /** Throws `too_many` when this account has said messages of this type, or of its kind, too often. */
  async spend(userId: string, type: CallMessage['type']): Promise<void> {
    await this.#attempts.get(type)?.spend(userId, 'Too often');
  }
}
