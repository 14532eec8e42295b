import { z } from 'zod';
import { EndedSessions, type Redis, type Session } from '#platform';
import { passwordMark } from './passwords.ts';
import type { PeopleRepository, UserRow } from './repository.ts';

/** A session of an account, as its token says it. */
export const accountSessionSchema = z.object({
  sessionId: z.string(),
  expiresAt: z.number(),
  userId: z.string(),
  /** Of the password that it was opened with. */
  password: z.string(),
});
export type AccountSession = Session & z.infer<typeof accountSessionSchema>;

/** Which sessions of accounts count. */
export class AccountSessions {
  readonly #ended: EndedSessions;
  readonly #people: PeopleRepository;

  constructor(deps: { redis: Redis; people: PeopleRepository }) {
    this.#ended = new EndedSessions(deps.redis);
    this.#people = deps.people;
  }

  /**
   * The account of a session that still counts. Undefined when it was signed out
   * of or has expired, the password is another one, or the account is no more.
   * Throws `unavailable` when that cannot be told.
   */
  async userOf(session: AccountSession, nowMs = Date.now()): Promise<UserRow | undefined> {
    if (session.expiresAt <= nowMs || (await this.#ended.has(session))) return undefined;
    const user = await this.#people.find(session.userId);
    return user !== undefined && passwordMark(user.passwordHash) === session.password
      ? user
      : undefined;
  }
}
