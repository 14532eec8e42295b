import { AmphiError, delay } from '#base';
import { Attempts, type Redis } from '#platform';
import type { PeopleRepository, UserRow } from './repository.ts';

/** Of one account. */
const ASKING = { name: 'contact-requests', failures: 100, seconds: 3_600 };
/** An answer takes so long, whether there is such an account or not. */
const ANSWER_MS = 50;

/** Asking for contacts by their addresses: who asks does not learn of which addresses there are accounts. */
export class ContactRequests {
  readonly #people: PeopleRepository;
  readonly #asking: Attempts;

  constructor(deps: { people: PeopleRepository; redis: Redis }) {
    this.#people = deps.people;
    this.#asking = new Attempts(deps.redis, ASKING);
  }

  /** Who was asked, to be told. Throws `bad_request` or `too_many`. */
  async ask({ userId, email: own }: UserRow, email: string): Promise<string | undefined> {
    if (email === own) throw new AmphiError('bad_request', 'email: this is your own address');
    await this.#asking.spend(userId, 'Too many requests');
    const [asked] = await Promise.all([this.#people.request(userId, email), delay(ANSWER_MS)]);
    return asked;
  }
}
