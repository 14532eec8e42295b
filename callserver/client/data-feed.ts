import { type Closable, Emitter, randomId } from '#base';
import { type DataChannelParameters, type DataMessage, isReliable } from '../data-parameters.ts';
import { DirectLeg } from './direct-leg.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;
/** A worker that does not take its messages in time loses those that may get lost. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

type Events = {
  /** The worker has gone or has ended it, or this was closed. */
  closed: readonly [];
};

/** Messages of this process as a data producer in a worker. */
export class DataFeed extends Emitter<Events> implements Closable {
  readonly dataProducerId: string;
  readonly parameters: DataChannelParameters;
  readonly #worker: WorkerClient;
  readonly #leg: DirectLeg;
  #handle = -1;
  /** Messages that the worker did not take in time. */
  dropped = 0;

  private constructor(
    worker: WorkerClient,
    dataProducerId: string,
    parameters: DataChannelParameters,
  ) {
    super();
    this.#worker = worker;
    this.dataProducerId = dataProducerId;
    this.parameters = parameters;
    this.#leg = new DirectLeg({
      worker,
      isEnd: (notice) =>
        notice.notice === 'dataProducerClosed' && notice.dataProducerId === dataProducerId,
      onEnd: () => this.emit('closed'),
    });
  }

  static async open(
    worker: WorkerClient,
    routerId: string,
    parameters: DataChannelParameters,
    dataProducerId = randomId(ID_CHARACTERS),
  ): Promise<DataFeed> {
    const feed = new DataFeed(worker, dataProducerId, parameters);
    await feed.#leg.open(routerId, async (transportId) => {
      const producer = { transportId, dataProducerId, parameters };
      feed.#handle = (await worker.request('produceData', producer)).handle;
    });
    return feed;
  }

  get transportId(): string {
    return this.#leg.transportId;
  }

  /** Throws nothing: after its end a message is lost. One that has to arrive and cannot be kept ends it. */
  send(message: DataMessage): void {
    if (this.#leg.closed) return;
    if (this.#worker.backlogBytes <= MAX_BACKLOG_BYTES) {
      this.#worker.sendMessage(this.#handle, message);
      return;
    }
    this.dropped++;
    if (isReliable(this.parameters)) this.close().catch(() => {});
  }

  close(): Promise<void> {
    return this.#leg.close();
  }
}
