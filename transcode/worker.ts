import { AmphiError, type Closable, delay, type Logger, messageOf, randomId } from '#base';
import { TRANSCODE_QUEUE, type TranscodeJob, transcodeJobSchema } from '#contracts';
import {
  LIVE_JOB_TIMINGS,
  nextFence,
  openQueue,
  openWorker,
  type Queue,
  type LiveJob as QueueJob,
  type Redis,
  raiseWarning,
  type Worker,
} from '#platform';
import { type JobEnd, LiveJob, type LiveJobDeps } from './job.ts';

const RENEW_MS = LIVE_JOB_TIMINGS.lockDuration / 3;
const AFTER_FAILURE_MS = 500;

export interface WorkerOptions extends Omit<LiveJobDeps, 'fence' | 'warn'> {
  redis: Redis;
  /** A connection of its own for the call that waits for jobs. */
  blockingRedis: Redis;
  nodeId: string;
  slots: number;
}

/**
 * Takes live jobs from the queue and holds each as long as it runs. The queue
 * says who works; the origin's fence says whose output counts, so a worker
 * that has lost its lock without knowing does no harm.
 */
export class TranscodeWorker implements Closable {
  readonly #options: WorkerOptions;
  readonly #log: Logger;
  readonly #worker: Worker<TranscodeJob>;
  readonly #queue: Queue<TranscodeJob>;
  /** This life of this worker: the lock's value in Redis. */
  readonly #token: string;
  readonly #running = new Map<string, { live: LiveJob; done: Promise<void> }>();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  private constructor(
    options: WorkerOptions,
    worker: Worker<TranscodeJob>,
    queue: Queue<TranscodeJob>,
  ) {
    this.#options = options;
    this.#log = options.log;
    this.#token = `${options.nodeId}:${randomId(8)}`;
    this.#worker = worker;
    this.#queue = queue;
    const onError = (error: Error) =>
      this.#log.debug({ reason: messageOf(error) }, 'job queue not reachable');
    this.#worker.on('error', onError);
    this.#queue.on('error', onError);
  }

  get jobs(): number {
    return this.#running.size;
  }

  /** Begins to take jobs, first of all those of an earlier life of this worker. */
  static async start(options: WorkerOptions): Promise<TranscodeWorker> {
    const [queueWorker, queue] = await Promise.all([
      openWorker<TranscodeJob>(TRANSCODE_QUEUE, options.blockingRedis),
      openQueue<TranscodeJob>(TRANSCODE_QUEUE, options.redis),
    ]);
    const worker = new TranscodeWorker(options, queueWorker, queue);
    await queueWorker.startStalledCheckTimer();
    worker.#loop = worker.#takeJobs();
    await worker.adopt(options.nodeId);
    return worker;
  }

  /**
   * Takes over at once what a worker that is known to be dead was doing. Its
   * lock is exchanged for ours in one step, so only one successor gets a job.
   */
  async adopt(nodeId: string): Promise<void> {
    const active = await this.#queue.getActive();
    for (const job of active) {
      if (job.id === undefined || this.#running.has(job.id)) continue;
      const lockKey = `${this.#queue.toKey(job.id)}:lock`;
      const holder = await this.#options.redis.get(lockKey);
      if (!holder?.startsWith(`${nodeId}:`) || holder === this.#token) continue;
      const taken = await this.#options.redis.eval(
        EXCHANGE_LOCK,
        1,
        lockKey,
        holder,
        this.#token,
        String(LIVE_JOB_TIMINGS.lockDuration),
      );
      if (taken !== 1) continue;
      this.#log.info({ job: job.id, from: nodeId }, 'job taken over');
      job.token = this.#token;
      this.#hold(job);
    }
  }

  /** Hands its jobs back to the queue for others to take, then leaves. */
  async close(): Promise<void> {
    this.#abort.abort(new AmphiError('closed'));
    for (const { live } of this.#running.values()) live.stop();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    await this.#worker.close(true);
    await this.#loop;
    await this.#queue.close();
  }

  async #takeJobs(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        if (this.#running.size >= this.#options.slots) {
          await Promise.race([...this.#running.values()].map(({ done }) => done));
          continue;
        }
        const job = await this.#worker.getNextJob(this.#token, { block: true });
        if (job !== undefined && !signal.aborted) this.#hold(job);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.debug({ reason: messageOf(error) }, 'no job could be taken');
        await delay(AFTER_FAILURE_MS, signal).catch(() => {});
      }
    }
  }

  #hold(job: QueueJob<TranscodeJob>): void {
    const id = job.id ?? '';
    const parsed = transcodeJobSchema.safeParse(job.data);
    if (!parsed.success) {
      this.#log.error({ job: id, reason: parsed.error.message }, 'job refused');
      job.moveToFailed(new Error('malformed job'), this.#token, false).catch(() => {});
      return;
    }
    const live = new LiveJob(parsed.data, {
      ...this.#options,
      fence: () => nextFence(this.#options.redis, id),
      warn: (warning, forMs) => {
        raiseWarning(this.#options.redis, parsed.data.eventId, warning, forMs).catch((error) =>
          this.#log.debug({ job: id, reason: messageOf(error) }, 'warning not raised'),
        );
      },
    });
    const done = this.#work(job, live)
      .catch((error) => this.#log.error({ job: id, reason: messageOf(error) }, 'job failed'))
      .finally(() => this.#running.delete(id));
    this.#running.set(id, { live, done });
  }

  async #work(job: QueueJob<TranscodeJob>, live: LiveJob): Promise<void> {
    const renewal = setInterval(() => {
      job.extendLock(this.#token, LIVE_JOB_TIMINGS.lockDuration).catch((error) => {
        // Either Redis is away, then nobody else has the job; or somebody has it, then the fence decides.
        this.#log.debug({ job: job.id, reason: messageOf(error) }, 'job lock not renewed');
      });
    }, RENEW_MS);
    try {
      const end = await live.run();
      await this.#settle(job, end);
    } finally {
      clearInterval(renewal);
    }
  }

  async #settle(job: QueueJob<TranscodeJob>, end: JobEnd): Promise<void> {
    try {
      if (end === 'ended') await job.moveToCompleted(end, this.#token, false);
      else if (end === 'stopped') await job.moveToDelayed(Date.now(), this.#token);
    } catch (error) {
      this.#log.debug({ job: job.id, reason: messageOf(error) }, 'job was no longer ours');
    }
  }
}

const EXCHANGE_LOCK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;
