import { type Logger, messageOf } from '#base';
import { CLOSE_CODES } from '#contracts';
import type { Line } from '../signaling/line.ts';
import type { AccountSession, AccountSessions } from './account-sessions.ts';

/** A socket of an account, and the session that opened it. */
export interface Device {
  line: Line;
  session: AccountSession;
}

/** Also where nothing was heard: the word that a session has ended may get lost. */
const CHECK_ALL_MS = 5 * 60_000;

/** The sockets of accounts on this node; they stay no longer than the sessions that opened them. */
export class DeviceSessions {
  readonly #sessions: Pick<AccountSessions, 'userOf'>;
  readonly #log: Logger;
  /** By the ids of their lines. */
  readonly #devices = new Map<string, Device>();
  #checkAllAtMs = 0;

  constructor(options: { sessions: Pick<AccountSessions, 'userOf'>; log: Logger }) {
    this.#sessions = options.sessions;
    this.#log = options.log;
  }

  [Symbol.iterator](): IterableIterator<Device> {
    return this.#devices.values();
  }

  add(device: Device): void {
    this.#devices.set(device.line.id, device);
  }

  delete(line: Line): void {
    this.#devices.delete(line.id);
  }

  /** Whether what this socket says still counts. */
  has(line: Line): boolean {
    return this.#devices.has(line.id);
  }

  /** How many sockets an account has here. */
  countOf(userId: string): number {
    let count = 0;
    for (const { session } of this) if (session.userId === userId) count++;
    return count;
  }

  /** All of them are looked at at the next beat. */
  doubt(): void {
    this.#checkAllAtMs = 0;
  }

  /** Called regularly, with the time in milliseconds since the epoch: closes those that have expired, and now and then looks at all. */
  async beat(nowMs: number): Promise<void> {
    const all = nowMs >= this.#checkAllAtMs;
    if (all) this.#checkAllAtMs = nowMs + CHECK_ALL_MS;
    await this.check(({ session }) => all || session.expiresAt <= nowMs);
  }

  /** Closes those of these sockets whose session is over. */
  async check(which: (device: Device) => boolean): Promise<void> {
    for (const device of [...this].filter(which)) {
      try {
        if ((await this.#sessions.userOf(device.session)) !== undefined) continue;
      } catch (error) {
        // Nobody is put out because a database is away; it is looked at again.
        this.doubt();
        this.#log.debug({ reason: messageOf(error) }, 'sessions of sockets not checked');
        return;
      }
      // What it has said and waits its turn is not done any more.
      this.delete(device.line);
      device.line.close(CLOSE_CODES.signedOut, 'the session is over');
    }
  }
}
