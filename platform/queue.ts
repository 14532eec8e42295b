import type { Queue, Worker } from 'bullmq';
import type { Redis } from './redis.ts';

export type { Job as LiveJob, Queue, Worker } from 'bullmq';

/** The timings at which a live job moves: a dead worker's job is free after five to six seconds. */
export const LIVE_JOB_TIMINGS = {
  lockDuration: 5_000,
  stalledInterval: 1_000,
  maxStalledCount: 1_000,
} as const;

/** Opens a queue. The library is loaded then: most processes have no queue, and start sooner without. */
export async function openQueue<Data>(name: string, redis: Redis): Promise<Queue<Data>> {
  const bullmq = await import('bullmq');
  return new bullmq.Queue<Data>(name, { connection: redis });
}

/** A worker without a processing loop of its own: it hands out jobs when asked. */
export async function openWorker<Data>(name: string, redis: Redis): Promise<Worker<Data>> {
  const bullmq = await import('bullmq');
  return new bullmq.Worker<Data>(name, null, { connection: redis, ...LIVE_JOB_TIMINGS });
}
