import { AmphiError } from '#base';
import { type AttemptLimits, Attempts, type Redis } from '#platform';
import { hashPassword, isPassword } from './passwords.ts';
import type { PeopleRepository, UserRow } from './repository.ts';

const BY_ADDRESS: AttemptLimits = { name: 'user-sign-in', failures: 20, seconds: 300 };
/** Guessing from many addresses. */
const BY_EMAIL: AttemptLimits = { name: 'user-sign-in-email', failures: 20, seconds: 900 };
const SIGN_UP: AttemptLimits = { name: 'user-sign-up', failures: 20, seconds: 3_600 };

/** Making accounts and signing in to them. */
export class Accounts {
  readonly #people: PeopleRepository;
  readonly #byAddress: Attempts;
  readonly #byEmail: Attempts;
  readonly #signUps: Attempts;
  /** What an unknown address is compared with, so that it takes as long. */
  readonly #nobody = hashPassword('nobody has this one');

  constructor(deps: { people: PeopleRepository; redis: Redis }) {
    this.#people = deps.people;
    this.#byAddress = new Attempts(deps.redis, BY_ADDRESS);
    this.#byEmail = new Attempts(deps.redis, BY_EMAIL);
    this.#signUps = new Attempts(deps.redis, SIGN_UP);
  }

  /** Throws `conflict`, `too_many`, or `unavailable` when too many passwords wait. */
  async signUp(
    user: { email: string; password: string; displayName: string },
    address: string,
  ): Promise<UserRow> {
    // Each costs a place: accounts are not made by the thousand.
    await this.#signUps.spend(address);
    const { email, displayName, password } = user;
    const passwordHash = await this.#signUps.looked(address, hashPassword(password));
    return this.#people.create({ email, displayName, passwordHash });
  }

  /** Throws `unauthorized`, the same for a wrong address and a wrong password, `too_many`, or `unavailable` when too many passwords wait. */
  async signIn(user: { email: string; password: string }, address: string): Promise<UserRow> {
    await this.#byAddress.spend(address);
    await this.#byEmail.spend(user.email);
    const row = await this.#people.byEmail(user.email);
    const looking = isPassword(user.password, row?.passwordHash ?? (await this.#nobody));
    const isRight = await this.#byAddress.looked(
      address,
      this.#byEmail.looked(user.email, looking),
    );
    if (row === undefined || !isRight) {
      throw new AmphiError('unauthorized', 'Address or password is not right');
    }
    // One's own account does not pay for guesses at others.
    await this.#byAddress.giveBack(address);
    await this.#byEmail.succeeded(user.email);
    return row;
  }

  /** Throws `unauthorized` when the present password is not right. */
  async change(
    userId: string,
    changes: {
      displayName?: string | undefined;
      password?: string | undefined;
      currentPassword?: string | undefined;
    },
  ): Promise<UserRow> {
    const { displayName, password, currentPassword = '' } = changes;
    const row = await this.#people.user(userId);
    if (password !== undefined) {
      await this.#byEmail.spend(row.email);
      const looking = isPassword(currentPassword, row.passwordHash);
      const isRight = await this.#byEmail.looked(row.email, looking);
      if (!isRight) {
        throw new AmphiError('unauthorized', 'currentPassword is not right');
      }
      await this.#byEmail.succeeded(row.email);
    }
    return this.#people.update(userId, {
      ...(displayName === undefined ? {} : { displayName }),
      ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
    });
  }
}
