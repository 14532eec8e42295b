import { AmphiError, delay } from '#base';
import { TokenBucket } from '../room/token-bucket.ts';

/** Of one session; people who come and go all the time are told of in fewer offers, not in none. */
const MEASURE = { perSecond: 2, burst: 10 };

interface Turn {
  take: () => Promise<void>;
  refuse: (error: AmphiError) => void;
}

interface Session {
  left: TokenBucket;
  isBusy: boolean;
  /** The newest offer that is not looked at yet. */
  next?: Turn;
}

/**
 * Offers of one session are answered one after the other, and no faster than
 * their measure: meanwhile one waits, the newest, which takes the place of the
 * one before.
 */
export class OfferTurns {
  readonly #sessions = new Map<string, Session>();
  readonly #stop = new AbortController();

  /** How many sessions are known. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Answers an offer of this session when it is its turn. Throws `conflict`
   * when a newer one has taken its place, `closed` when the session is over,
   * and what `work` throws.
   */
  answer<Answer>(session: string, work: () => Promise<Answer>): Promise<Answer> {
    if (this.#stop.signal.aborted) return Promise.reject(new AmphiError('closed'));
    const known = this.#of(session);
    known.next?.refuse(new AmphiError('conflict', 'A newer offer took its place'));
    return new Promise<Answer>((resolve, reject) => {
      known.next = { take: () => work().then(resolve, reject), refuse: reject };
      if (!known.isBusy) this.#work(known);
    });
  }

  /** Who made these offers has gone: none of theirs is looked at any more. */
  forget(session: string): void {
    const known = this.#sessions.get(session);
    this.#sessions.delete(session);
    const { next } = known ?? {};
    delete known?.next;
    next?.refuse(new AmphiError('closed'));
  }

  close(): void {
    this.#stop.abort();
    for (const session of [...this.#sessions.keys()]) this.forget(session);
  }

  #of(session: string): Session {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { left: new TokenBucket(MEASURE, Date.now()), isBusy: false };
      this.#sessions.set(session, known);
    }
    return known;
  }

  async #work(session: Session): Promise<void> {
    session.isBusy = true;
    while (session.next !== undefined) {
      const wait = session.left.wait(Date.now());
      if (wait > 0) {
        await delay(wait, this.#stop.signal).catch(() => {});
        continue;
      }
      session.left.take(Date.now());
      const { next } = session;
      delete session.next;
      await next.take();
    }
    session.isBusy = false;
  }
}
