import { type Closable, type Logger, messageOf } from '#base';
import type { CallEvent } from '#contracts';
import type { Redis } from '#platform';
import type { Line } from '../signaling/line.ts';

/** What goes to the devices of one user, on whichever nodes. */
interface Delivery {
  event: CallEvent;
  /** To this socket only. */
  only?: string;
  /** Not to this socket. */
  except?: string;
}

/** Sessions of the user are over: each node looks which of its sockets may stay. */
const CHECK = 'check';

interface Subscribed {
  lines: Set<Line>;
  /** Resolves once this node hears what goes to the user. */
  listening: Promise<unknown>;
}

const channelOf = (userId: string): string => `amphi:user:{${userId}}`;

/**
 * The sockets of this node by user, and the way to those of others: each node
 * that has a socket of a user listens to that user's channel (Redis sharded
 * pub/sub).
 */
export class UserChannels implements Closable {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #log: Logger;
  readonly #check: (userId: string) => void;
  readonly #users = new Map<string, Subscribed>();

  constructor(options: {
    redis: Redis;
    subscriber: Redis;
    /** Sessions of this user are over. */
    check: (userId: string) => void;
    log: Logger;
  }) {
    this.#redis = options.redis;
    this.#subscriber = options.subscriber;
    this.#check = options.check;
    this.#log = options.log;
    this.#subscriber.on('smessage', (channel: string, text: string) => this.#on(channel, text));
  }

  /** Resolves once the line hears what is told to its user. */
  async add(userId: string, line: Line): Promise<void> {
    const known = this.#users.get(userId);
    if (known !== undefined) {
      known.lines.add(line);
      await known.listening;
      return;
    }
    const listening = this.#subscriber.ssubscribe(channelOf(userId));
    this.#users.set(userId, { lines: new Set([line]), listening });
    await listening;
  }

  async remove(userId: string, line: Line): Promise<void> {
    const known = this.#users.get(userId);
    known?.lines.delete(line);
    if (known === undefined || known.lines.size > 0) return;
    this.#users.delete(userId);
    // Whoever comes meanwhile subscribes after that: both go by one connection.
    await this.#subscriber.sunsubscribe(channelOf(userId)).catch(() => {});
  }

  /** Tells a user's devices; whether some node has any. */
  async tell(
    userId: string,
    event: CallEvent,
    which: Pick<Delivery, 'only' | 'except'> = {},
  ): Promise<boolean> {
    const delivery: Delivery = { event, ...which };
    return Number(await this.#redis.spublish(channelOf(userId), JSON.stringify(delivery))) > 0;
  }

  /** Has every node look which sockets of this user may stay. */
  async check(userId: string): Promise<void> {
    await this.#redis.spublish(channelOf(userId), JSON.stringify(CHECK));
  }

  async close(): Promise<void> {
    this.#users.clear();
    this.#subscriber.disconnect();
  }

  #on(channel: string, text: string): void {
    try {
      const delivery = JSON.parse(text) as Delivery | typeof CHECK;
      const userId = channel.slice(channelOf('').length - 1, -1);
      if (delivery === CHECK) {
        this.#check(userId);
        return;
      }
      const { event, only, except } = delivery;
      const frame = JSON.stringify(event);
      for (const line of this.#users.get(userId)?.lines ?? []) {
        if ((only === undefined || only === line.id) && except !== line.id) line.send(frame);
      }
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'what is told to a user is not understood');
    }
  }
}
