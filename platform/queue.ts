import type { Job as LiveJob, Queue, Worker } from 'bullmq';
import { AmphiError, type Closable } from '#base';
import type { Redis } from './redis.ts';

export type { Job as LiveJob, Queue, Worker } from 'bullmq';

/** The timings at which a live job moves: a dead worker's job is free after five to six seconds. */
export const LIVE_JOB_TIMINGS = {
  lockDuration: 5_000,
  stalledInterval: 1_000,
  maxStalledCount: 1_000,
} as const;

/** Redis is away: the next try. */
const RETRY_MS = 500;

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

export interface ProcessorOptions<Data> {
  /** A connection that may block. */
  redis: Redis;
  /** So many jobs at once. */
  slots: number;
  /**
   * Does one job; `signal` tells it to stop. What it throws makes the job fail, and be
   * tried again as often as it allows.
   */
  process: (job: LiveJob<Data>, signal: AbortSignal) => Promise<void>;
  onError: (error: Error) => void;
}

/** Takes live jobs as they come, so many at once, and holds their locks while they are done. */
export async function openProcessor<Data>(
  name: string,
  { redis, slots, process, onError }: ProcessorOptions<Data>,
): Promise<Closable> {
  const bullmq = await import('bullmq');
  const abort = new AbortController();
  const worker = new bullmq.Worker<Data>(name, (job) => process(job, abort.signal), {
    connection: redis,
    ...LIVE_JOB_TIMINGS,
    concurrency: slots,
    runRetryDelay: RETRY_MS,
  });
  worker.on('error', onError);
  return {
    async close() {
      abort.abort(new AmphiError('closed'));
      await worker.close();
    },
  };
}
