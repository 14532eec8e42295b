import { type Closable, Emitter, randomId } from '#base';
import { type DataChannelParameters, type DataMessage, isReliable } from '../data-parameters.ts';
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
  readonly transportId: string;
  readonly #worker: WorkerClient;
  #handle = -1;
  #off: () => void = () => {};
  #closed = false;
  /** Messages that the worker did not take in time. */
  dropped = 0;

  private constructor(
    worker: WorkerClient,
    transportId: string,
    dataProducerId: string,
    parameters: DataChannelParameters,
  ) {
    super();
    this.#worker = worker;
    this.transportId = transportId;
    this.dataProducerId = dataProducerId;
    this.parameters = parameters;
  }

  static async open(
    worker: WorkerClient,
    routerId: string,
    parameters: DataChannelParameters,
    dataProducerId = randomId(ID_CHARACTERS),
  ): Promise<DataFeed> {
    const transportId = randomId(ID_CHARACTERS);
    const feed = new DataFeed(worker, transportId, dataProducerId, parameters);
    await worker.request('createDirectTransport', { routerId, transportId });
    try {
      const producer = { transportId, dataProducerId, parameters };
      feed.#handle = (await worker.request('produceData', producer)).handle;
    } catch (error) {
      await worker.closeTransport(transportId);
      throw error;
    }
    const offNotice = worker.on('notice', (notice) => {
      if (notice.notice === 'dataProducerClosed' && notice.dataProducerId === dataProducerId) {
        feed.close().catch(() => {});
      }
    });
    const offClosed = worker.on('closed', () => feed.#end());
    feed.#off = () => {
      offNotice();
      offClosed();
    };
    return feed;
  }

  /** Throws nothing: after its end a message is lost. One that has to arrive and cannot be kept ends it. */
  send(message: DataMessage): void {
    if (this.#closed) return;
    if (this.#worker.backlogBytes <= MAX_BACKLOG_BYTES) {
      this.#worker.sendMessage(this.#handle, message);
      return;
    }
    this.dropped++;
    if (isReliable(this.parameters)) this.close().catch(() => {});
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#off();
    this.emit('closed');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    await this.#worker.closeTransport(this.transportId);
  }
}
