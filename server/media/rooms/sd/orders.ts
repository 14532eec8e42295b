import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import {
  ROOM_RENDITION_QUEUE,
  type RoomRenditionJob,
  type RoomRenditionOpening,
  type RoomRenditionRecord,
  roomIdSchema,
  roomRenditionJobId,
} from '#contracts';
import { bearerOf, openQueue, type Redis, type TokenIssuer, validate } from '#platform';
import { SdOrder } from './order.ts';
import { SdRegister } from './register.ts';

/** Over all rooms of a node. */
export const MAX_NODE_ORDERS = 32;
/** A job that nobody has taken, or that has failed for good, is offered again: one that waits is the same job. */
const OFFER_MS = 5_000;
/** How often a worker tries a job whose ffmpeg or whose way broke off. */
const ATTEMPTS = 4;
const RETRY_MS = 500;

/** A worker that leaves within this has failed. After so many failures in a row nobody is asked any more. */
const SOON_MS = 30_000;
export const MAX_FAILURES = 8;

/** Of the bank's queue, what is needed here. */
export interface JobQueue {
  add(name: string, job: RoomRenditionJob, options: object): Promise<unknown>;
  remove(jobId: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Of the register of what is being made. */
export interface Register extends Closable {
  add(roomId: string, producerId: string, record: RoomRenditionRecord): void;
  remove(roomId: string, producerId: string): void;
}

export interface SdOrdersOptions {
  nodeId: string;
  tokens: TokenIssuer;
  /** Called when it is first needed. */
  openQueue: () => Promise<JobQueue>;
  register: Register;
  log: Logger;
}

/** What the rooms of this node have the bank make smaller: `POST /room-renditions/{roomId}/{producerId}` of its workers. */
export class SdOrders implements Closable {
  readonly #options: SdOrdersOptions;
  readonly #orders = new Map<string, SdOrder>();
  readonly #asking = new Set<Promise<void>>();
  #queue: Promise<JobQueue> | undefined;

  constructor(options: SdOrdersOptions) {
    this.#options = options;
  }

  static over(redis: Redis, options: Pick<SdOrdersOptions, 'nodeId' | 'tokens' | 'log'>): SdOrders {
    const { log } = options;
    return new SdOrders({
      ...options,
      register: new SdRegister(redis, log),
      openQueue: async () => {
        const queue = await openQueue<RoomRenditionJob>(ROOM_RENDITION_QUEUE, redis);
        queue.on('error', (error) =>
          log.debug({ reason: messageOf(error) }, 'job queue not reachable'),
        );
        return queue;
      },
    });
  }

  get count(): number {
    return this.#orders.size;
  }

  /** Throws `too_many`, and `conflict` where there is one of this producer. */
  place(roomId: string, producerId: string, opening: RoomRenditionOpening): SdOrder {
    const { nodeId, log, register } = this.#options;
    const jobId = roomRenditionJobId({ roomId, producerId });
    if (this.#orders.has(jobId)) throw new AmphiError('conflict', `${jobId} is being made`);
    if (this.#orders.size >= MAX_NODE_ORDERS) {
      throw new AmphiError(
        'too_many',
        `${MAX_NODE_ORDERS} smaller pictures are made for this node`,
      );
    }
    const order = new SdOrder(opening, log.child({ roomId, producerId }));
    this.#orders.set(jobId, order);
    let failures = 0;
    let upMs = 0;
    const offer = () => {
      if (!order.up && failures < MAX_FAILURES)
        this.#ask((queue) =>
          queue.add(
            'make',
            { roomId, producerId, nodeId },
            {
              jobId,
              attempts: ATTEMPTS,
              backoff: { type: 'fixed', delay: RETRY_MS },
              removeOnComplete: true,
              removeOnFail: true,
            },
          ),
        );
    };
    offer();
    const timer = setInterval(offer, OFFER_MS);
    order.on('up', () => {
      upMs = performance.now();
    });
    let registered = false;
    order.on('unit', (_unit, workerNode) => {
      if (registered) return;
      registered = true;
      const { width, height, kbps } = opening;
      register.add(roomId, producerId, { width, height, kbps, since: Date.now(), workerNode });
    });
    order.on('down', () => {
      failures = performance.now() - upMs > SOON_MS ? 0 : failures + 1;
      if (failures === MAX_FAILURES) {
        log.warn({ roomId, producerId }, 'the bank cannot make this picture smaller');
      }
      registered = false;
      register.remove(roomId, producerId);
    });
    order.on('closed', () => {
      clearInterval(timer);
      this.#orders.delete(jobId);
      // One that is being done ends by itself.
      this.#ask((queue) => queue.remove(jobId));
    });
    return order;
  }

  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { sub } = await this.#options.tokens.verify('node', bearerOf(req.headers.authorization));
    if (req.method !== 'POST') throw new AmphiError('method_not_allowed');
    const [roomId, producerId] = (req.url ?? '').split('/').slice(2);
    const jobId = roomRenditionJobId({
      roomId: validate(roomIdSchema, roomId),
      producerId: validate(roomIdSchema, producerId),
    });
    const order = this.#orders.get(jobId);
    if (order === undefined) throw new AmphiError('not_found', `nobody wants ${jobId}`);
    await order.take(req, res, sub);
  };

  /** The queue may be away: then rooms do without, and it is asked again. */
  #ask(what: (queue: JobQueue) => Promise<unknown>): void {
    this.#queue ??= this.#options.openQueue();
    const asked: Promise<void> = this.#queue
      .then(what)
      .catch((error) =>
        this.#options.log.debug({ reason: messageOf(error) }, 'the job queue did not do it'),
      )
      .then(() => {
        this.#asking.delete(asked);
      });
    this.#asking.add(asked);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#orders.values()].map((order) => order.close()));
    await this.#options.register.close();
    await Promise.all(this.#asking);
    await (await this.#queue)?.close();
  }
}
