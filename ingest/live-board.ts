import { z } from 'zod';
import { type Logger, messageOf } from '#base';
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
import type { RunMemory } from './program/program.ts';

/** What is needed to take up a run again after the process that held it died. */
const runRecordSchema = z.object({
  spec: eventSpecSchema,
  /** The ingest node that held it last. */
  nodeId: z.string(),
  runId: z.string(),
  startedAtMs: z.number(),
  picture: z.object({ width: z.number(), height: z.number(), fps: z.number() }),
  seenAtMs: z.number(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

const RUNS_KEY = 'amphi:runs';

/** Publishes what goes on at this ingest node, so that others know and a successor can continue. */
export class LiveBoard {
  readonly #redis: Redis;
  readonly #nodeId: string;
  readonly #log: Logger;

  constructor(redis: Redis, nodeId: string, log: Logger) {
    this.#redis = redis;
    this.#nodeId = nodeId;
    this.#log = log;
  }

  /** In one round trip, however many events there are. */
  publish(states: readonly LiveState[]): void {
    if (states.length === 0) return;
    const batch = this.#redis.pipeline();
    for (const state of states) {
      const text = JSON.stringify(state);
      batch.set(liveKey(state.eventId), text, 'EX', LIVE_TTL_SECONDS).publish(LIVE_CHANNEL, text);
    }
    this.#attempt(batch.exec());
  }

  record(event: BusEvent): void {
    const text = JSON.stringify(event);
    this.#attempt(this.#redis.xadd(BUS_STREAM, 'MAXLEN', '~', BUS_MAX_LENGTH, '*', 'event', text));
  }

  /** Notes that these runs are alive. */
  rememberRuns(runs: readonly { spec: EventSpec; run: RunMemory }[]): void {
    if (runs.length === 0) return;
    const seenAtMs = Date.now();
    const records = runs.map(({ spec, run }): [string, string] => {
      const { runId, startedAtMs, picture } = run;
      const nodeId = this.#nodeId;
      const record: RunRecord = { spec, nodeId, runId, startedAtMs, picture, seenAtMs };
      return [spec.eventId, JSON.stringify(record)];
    });
    this.#attempt(this.#redis.hset(RUNS_KEY, new Map(records)));
  }

  /** Resolves with true for the one caller who removed it. */
  async forgetRun(eventId: string, runId: string): Promise<boolean> {
    return (await this.#redis.eval(FORGET_RUN, 1, RUNS_KEY, eventId, runId)) === 1;
  }

  /** The run of this event that somebody held last, if any. */
  async rememberedRun(eventId: string): Promise<RunRecord | undefined> {
    const text = await this.#redis.hget(RUNS_KEY, eventId);
    return text === null ? undefined : this.#parse(eventId, text);
  }

  async rememberedRuns(): Promise<RunRecord[]> {
    const records = await this.#redis.hgetall(RUNS_KEY);
    return Object.entries(records)
      .map(([eventId, text]) => this.#parse(eventId, text))
      .filter((record) => record !== undefined);
  }

  #parse(eventId: string, text: string): RunRecord | undefined {
    try {
      return runRecordSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn({ eventId, reason: messageOf(error) }, 'remembered run not understood');
      this.#attempt(this.#redis.hdel(RUNS_KEY, eventId));
      return undefined;
    }
  }

  #attempt(write: Promise<unknown>): void {
    write.catch((error) =>
      this.#log.debug({ reason: messageOf(error) }, 'live state not published'),
    );
  }
}

/** Removes the record unless a newer run has taken its place. */
const FORGET_RUN = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text or cjson.decode(text).runId ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`;
