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
  readonly #lines = new Map<string, Set<Line>>();

  constructor(options: { redis: Redis; subscriber: Redis; log: Logger }) {
    this.#redis = options.redis;
    this.#subscriber = options.subscriber;
    this.#log = options.log;
    this.#subscriber.on('smessage', (channel: string, text: string) => this.#on(channel, text));
  }

  /** Users with a socket here. */
  get users(): IterableIterator<string> {
    return this.#lines.keys();
  }

  async add(userId: string, line: Line): Promise<void> {
    const lines = this.#lines.get(userId);
    if (lines !== undefined) {
      lines.add(line);
      return;
    }
    this.#lines.set(userId, new Set([line]));
    await this.#subscriber.ssubscribe(channelOf(userId));
  }

  async remove(userId: string, line: Line): Promise<void> {
    const lines = this.#lines.get(userId);
    lines?.delete(line);
    if (lines === undefined || lines.size > 0) return;
    this.#lines.delete(userId);
    await this.#subscriber.sunsubscribe(channelOf(userId)).catch(() => {});
    // Somebody came while that was said.
    if (this.#lines.has(userId)) await this.#subscriber.ssubscribe(channelOf(userId));
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

  async close(): Promise<void> {
    this.#lines.clear();
    this.#subscriber.disconnect();
  }

  #on(channel: string, text: string): void {
    try {
      const { event, only, except } = JSON.parse(text) as Delivery;
      const userId = channel.slice(channelOf('').length - 1, -1);
      const frame = JSON.stringify(event);
      for (const line of this.#lines.get(userId) ?? []) {
        if ((only === undefined || only === line.id) && except !== line.id) line.send(frame);
      }
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'what is told to a user is not understood');
    }
  }
}
