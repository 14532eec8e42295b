import { type Job, Queue, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from './redis.ts';

export { type Job, Queue, Worker, type WorkerOptions } from 'bullmq';

/** The timings at which a live job moves: a dead worker's job is free after five to six seconds. */
export const LIVE_JOB_TIMINGS = {
  lockDuration: 5_000,
  stalledInterval: 1_000,
  maxStalledCount: 1_000,
} as const satisfies Partial<WorkerOptions>;

export function openQueue<Data>(name: string, redis: Redis): Queue<Data> {
  return new Queue<Data>(name, { connection: redis });
}

/** A worker without a processing loop of its own: it hands out jobs when asked. */
export function openWorker<Data>(
  name: string,
  redis: Redis,
  options: Partial<WorkerOptions> = {},
): Worker<Data> {
  return new Worker<Data>(name, null, { connection: redis, ...LIVE_JOB_TIMINGS, ...options });
}

export type LiveJob<Data> = Job<Data>;
