import { type Closable, Emitter, randomId } from '#base';
import type { DataMessage } from '../data-parameters.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;

type Events = {
  /** Bytes are a view that holds for the call. */
  message: readonly [DataMessage];
  /** The data producer or the worker has gone, this process was too slow, or this was closed. */
  closed: readonly [];
};

/** One data producer's messages, taken out of its worker. */
export class DataTap extends Emitter<Events> implements Closable {
  readonly #worker: WorkerClient;
  readonly #transportId: string;
  readonly #off: () => void;
  #handle = -1;
  #closed = false;

  private constructor(worker: WorkerClient, transportId: string, dataConsumerId: string) {
    super();
    this.#worker = worker;
    this.#transportId = transportId;
    const offNotice = worker.on('notice', (notice) => {
      if (notice.notice === 'dataConsumerClosed' && notice.dataConsumerId === dataConsumerId) {
        // Nobody waits for this; a worker that does not answer has its own end.
        this.close().catch(() => {});
      }
    });
    const offClosed = worker.on('closed', () => this.#end());
    this.#off = () => {
      offNotice();
      offClosed();
    };
  }

  /** Throws `not_found` when there is no such data producer, `closed`. */
  static async open(
    worker: WorkerClient,
    routerId: string,
    dataProducerId: string,
  ): Promise<DataTap> {
    const transportId = randomId(ID_CHARACTERS);
    const dataConsumerId = randomId(ID_CHARACTERS);
    const tap = new DataTap(worker, transportId, dataConsumerId);
    try {
      await worker.request('createDirectTransport', { routerId, transportId });
      const consumer = { transportId, dataConsumerId, dataProducerId };
      const { handle = -1 } = await worker.request('consumeData', consumer);
      tap.#handle = handle;
      worker.onMessages(handle, (message) => tap.emit('message', message));
    } catch (error) {
      await tap.close();
      throw error;
    }
    return tap;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#off();
    this.#worker.offMessages(this.#handle);
    this.emit('closed');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    await this.#worker.closeTransport(this.#transportId);
  }
}
