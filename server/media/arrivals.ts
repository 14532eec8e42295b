import { AmphiError } from '#base';
import type { Session } from '#callserver';
import { networkOf } from '#platform';

/** Of one address, sessions that nobody has connected to yet. A household, an office, a test have fewer at a time. */
const MAX_PER_ADDRESS = 16;
/** Whoever means it has connected by then. */
const CONNECT_MS = 10_000;

/**
 * Those who have an answer and are not there yet. An offer costs its sender
 * nothing and the server a peer: so one address may not hold many of them, and
 * none for long.
 */
export class Arrivals {
  readonly #perAddress = new Map<string, number>();

  /** Counts one more of this address; `over` counts it out again. Throws `too_many`. */
  enter(address: string): { over: () => void } {
    const network = networkOf(address);
    const held = this.#perAddress.get(network) ?? 0;
    if (held >= MAX_PER_ADDRESS) {
      throw new AmphiError('too_many', 'too many sessions of this address wait to be connected');
    }
    this.#perAddress.set(network, held + 1);
    let entered = true;
    return {
      over: () => {
        if (!entered) return;
        entered = false;
        const left = (this.#perAddress.get(network) ?? 1) - 1;
        if (left > 0) this.#perAddress.set(network, left);
        else this.#perAddress.delete(network);
      },
    };
  }

  /** Ends the session unless somebody connects to it in time; `over` is called with its end or its beginning. */
  expect(session: Pick<Session, 'on' | 'close'>, over: () => void): void {
    const late = setTimeout(() => session.close().catch(() => {}), CONNECT_MS);
    const settled = () => {
      clearTimeout(late);
      over();
    };
    session.on('connected', settled);
    session.on('closed', settled);
  }
}
