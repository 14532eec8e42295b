import { type Logger, messageOf } from '#base';
import {
  type LiveState,
  liveKey,
  liveStateSchema,
  type OriginState,
  originStateSchema,
  stageDoorKey,
  type Warning,
} from '#contracts';
import { type NodeClient, type Redis, raisedWarnings } from '#platform';

const ORIGIN_TIMEOUT_MS = 1_500;

/** What is going on now, gathered from the nodes that know; undefined where nobody answers. */
export class LiveReader {
  readonly #redis: Redis;
  readonly #nodes: NodeClient;
  readonly #log: Logger;

  constructor(redis: Redis, nodes: NodeClient, log: Logger) {
    this.#redis = redis;
    this.#nodes = nodes;
    this.#log = log;
  }

  async live(eventId: string): Promise<LiveState | undefined> {
    return this.parse(await this.#redis.get(liveKey(eventId)));
  }

  /** The meeting on stage that viewers may join, where there is one. */
  async stageDoor(eventId: string): Promise<string | undefined> {
    return (await this.#redis.get(stageDoorKey(eventId))) ?? undefined;
  }

  /** The states of several events, in their order. */
  async liveOf(eventIds: readonly string[]): Promise<(LiveState | undefined)[]> {
    if (eventIds.length === 0) return [];
    const texts = await this.#redis.mget(eventIds.map(liveKey));
    return texts.map((text) => this.parse(text));
  }

  /** A live state as it stands in Redis or on the live channel. */
  parse(text: string | null): LiveState | undefined {
    if (text === null) return undefined;
    try {
      return liveStateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'live state not understood');
      return undefined;
    }
  }

  /** What processes warn of; nothing while Redis is away. */
  async warnings(eventId: string): Promise<Warning[]> {
    try {
      return await raisedWarnings(this.#redis, eventId);
    } catch (error) {
      this.#log.debug({ eventId, reason: messageOf(error) }, 'warnings not readable');
      return [];
    }
  }

  async origin(eventId: string): Promise<OriginState | undefined> {
    try {
      const answer = await this.#nodes.call('origin', `/state/${eventId}`, {
        timeoutMs: ORIGIN_TIMEOUT_MS,
      });
      return originStateSchema.parse(answer);
    } catch (error) {
      this.#log.debug({ eventId, reason: messageOf(error) }, 'the origin did not answer');
      return undefined;
    }
  }
}
