import { type Closable, isAmphiError, type Logger, messageOf } from '#base';
import { ROOM_RENDITION_QUEUE, type RoomRenditionJob, roomRenditionJobSchema } from '#contracts';
import { type LiveJob, type NodeClient, openProcessor, type Redis } from '#platform';
import { makeRoomRendition } from './session.ts';

export interface RoomRenditionWorkerOptions {
  /** A connection that may block. */
  blockingRedis: Redis;
  nodes: NodeClient;
  /** So many at once; none with 0. */
  slots: number;
  log: Logger;
}

/** Makes smaller versions of what people send to rooms, so many at once. Others wait in the queue. */
export class RoomRenditionWorker implements Closable {
  readonly #options: RoomRenditionWorkerOptions;
  #processor: Closable | undefined;
  /** Those that are made at the moment. */
  jobs = 0;

  private constructor(options: RoomRenditionWorkerOptions) {
    this.#options = options;
  }

  static async start(options: RoomRenditionWorkerOptions): Promise<RoomRenditionWorker> {
    const { slots, blockingRedis: redis, log } = options;
    const worker = new RoomRenditionWorker(options);
    if (slots === 0) return worker;
    worker.#processor = await openProcessor<RoomRenditionJob>(ROOM_RENDITION_QUEUE, {
      redis,
      slots,
      process: (job, signal) => worker.#process(job, signal),
      onError: (error) => log.debug({ reason: messageOf(error) }, 'job queue not reachable'),
    });
    return worker;
  }

  async #process(job: LiveJob<RoomRenditionJob>, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    this.jobs++;
    try {
      await makeRoomRendition(roomRenditionJobSchema.parse(job.data), this.#options, signal);
    } catch (error) {
      // Nobody wants it any more: that is its end.
      if (isAmphiError(error, 'not_found')) return;
      log.info({ job: job.id, reason: messageOf(error) }, 'smaller picture for a room broke off');
      throw error;
    } finally {
      this.jobs--;
    }
  }

  async close(): Promise<void> {
    await this.#processor?.close();
  }
}
