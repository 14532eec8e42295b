import { z } from 'zod';
import { type Closable, type Logger, messageOf } from '#base';
import {
  BUS_MAX_LENGTH,
  BUS_STREAM,
  type BusEvent,
  type EventSpec,
  eventSpecSchema,
  LIVE_CHANNEL,
  LIVE_TTL_SECONDS,
  type LiveState,
  liveKey,
} from '#contracts';
import type { Redis } from '#platform';

/** What is needed to take up a run again after its process died. */
const runRecordSchema = z.object({
  spec: eventSpecSchema,
  runId: z.string(),
  startedAtMs: z.number(),
  picture: z.object({ width: z.number(), height: z.number(), fps: z.number() }),
  seenAtMs: z.number(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** Publishes what goes on at this ingest node, so that others know and a successor can continue. */
export class LiveBoard implements Closable {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #runsKey: string;

  constructor(redis: Redis, nodeId: string, log: Logger) {
    this.#redis = redis;
    this.#log = log;
    this.#runsKey = `amphi:runs:${nodeId}`;
  }

  publish(state: LiveState): void {
    const text = JSON.stringify(state);
    this.#attempt(
      this.#redis
        .multi()
        .set(liveKey(state.eventId), text, 'EX', LIVE_TTL_SECONDS)
        .publish(LIVE_CHANNEL, text)
        .exec(),
    );
  }

  record(event: BusEvent): void {
    this.#attempt(
      this.#redis.xadd(
        BUS_STREAM,
        'MAXLEN',
        '~',
        BUS_MAX_LENGTH,
        '*',
        'event',
        JSON.stringify(event),
      ),
    );
  }

  rememberRun(spec: EventSpec, run: Omit<RunRecord, 'spec' | 'seenAtMs'>): void {
    const record: RunRecord = { spec, ...run, seenAtMs: Date.now() };
    this.#attempt(this.#redis.hset(this.#runsKey, spec.eventId, JSON.stringify(record)));
  }

  forgetRun(eventId: string): void {
    this.#attempt(this.#redis.hdel(this.#runsKey, eventId));
  }

  /** The runs that this node held when it was last alive. */
  async rememberedRuns(): Promise<RunRecord[]> {
    const records = await this.#redis.hgetall(this.#runsKey);
    const runs: RunRecord[] = [];
    for (const [eventId, text] of Object.entries(records)) {
      const parsed = runRecordSchema.safeParse(JSON.parse(text));
      if (parsed.success) runs.push(parsed.data);
      else this.forgetRun(eventId);
    }
    return runs;
  }

  async close(): Promise<void> {}

  #attempt(write: Promise<unknown>): void {
    write.catch((error) =>
      this.#log.debug({ reason: messageOf(error) }, 'live state not published'),
    );
  }
}
