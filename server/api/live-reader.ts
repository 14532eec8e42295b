import type { Logger } from '#base';
import {
  type LiveState,
  liveKey,
  liveStateSchema,
  type OriginState,
  originStateSchema,
} from '#contracts';
import type { NodeClient, Redis } from '#platform';

/** What is going on now, gathered from the nodes that know; empty where nobody answers. */
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
    const text = await this.#redis.get(liveKey(eventId));
    if (text === null) return undefined;
    const parsed = liveStateSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    this.#log.warn({ eventId, reason: parsed.error.message }, 'live state not understood');
    return undefined;
  }

  async origin(eventId: string): Promise<OriginState> {
    try {
      const answer = await this.#nodes.call('origin', `/state/${eventId}`, { timeoutMs: 1_500 });
      return originStateSchema.parse(answer);
    } catch {
      return { viewers: 0, renditions: [] };
    }
  }
}
