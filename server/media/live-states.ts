import { type Closable, Emitter, type Logger, messageOf, withDeadline } from '#base';
import { LIVE_CHANNEL, type LiveState, liveKey, liveStateSchema } from '#contracts';
import type { Redis } from '#platform';

/** States are announced every second; one that is older is asked for. */
const FRESH_MS = 3_000;
/** A Redis that takes longer hangs. */
const PATIENCE_MS = 1_500;
const MAX_STATES = 10_000;

type Events = {
  /** The source on air is another one, or the status, or who may watch. */
  turned: readonly [state: LiveState];
};

interface Heard {
  state: LiveState;
  atMs: number;
}

/** What is on air, as the ingest nodes say it. */
export class LiveStates extends Emitter<Events> implements Closable {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #log: Logger;
  readonly #heard = new Map<string, Heard>();

  private constructor(redis: Redis, subscriber: Redis, log: Logger) {
    super();
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#log = log;
  }

  /** `subscriber` is a connection of its own, which is closed with this. */
  static start(redis: Redis, subscriber: Redis, log: Logger): LiveStates {
    const states = new LiveStates(redis, subscriber, log);
    subscriber.on('message', (_channel: string, text: string) => states.#hear(text));
    subscriber
      .subscribe(LIVE_CHANNEL)
      .catch((error) => log.warn({ reason: messageOf(error) }, 'live states not heard'));
    return states;
  }

  /** Undefined when the event is not on air. Throws `timeout` while Redis hangs. */
  async of(eventId: string): Promise<LiveState | undefined> {
    const heard = this.#heard.get(eventId);
    if (heard !== undefined && performance.now() - heard.atMs < FRESH_MS) return heard.state;
    const text = await withDeadline(PATIENCE_MS, 'Redis', this.#redis.get(liveKey(eventId)));
    return text === null ? undefined : this.#parse(text);
  }

  /** The newest that was announced, however long ago. */
  heard(eventId: string): LiveState | undefined {
    return this.#heard.get(eventId)?.state;
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect();
  }

  #hear(text: string): void {
    const state = this.#parse(text);
    if (state === undefined) return;
    const before = this.#heard.get(state.eventId)?.state;
    if (before !== undefined && before.version > state.version) return;
    this.#heard.delete(state.eventId);
    this.#heard.set(state.eventId, { state, atMs: performance.now() });
    if (this.#heard.size > MAX_STATES) {
      for (const oldest of this.#heard.keys()) {
        this.#heard.delete(oldest);
        break;
      }
    }
    const turned =
      before?.status !== state.status ||
      before.onAir !== state.onAir ||
      before.visibility !== state.visibility;
    if (turned) this.emit('turned', state);
  }

  #parse(text: string): LiveState | undefined {
    try {
      return liveStateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'live state not understood');
      return undefined;
    }
  }
}
