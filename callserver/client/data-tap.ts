import { type Closable, Emitter, randomId } from '#base';
import type { DataMessage } from '../data-parameters.ts';
import { DirectLeg } from './direct-leg.ts';
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
  readonly #leg: DirectLeg;
  #handle = -1;

  private constructor(worker: WorkerClient, dataConsumerId: string) {
    super();
    this.#leg = new DirectLeg({
      worker,
      isEnd: (notice) =>
        notice.notice === 'dataConsumerClosed' && notice.dataConsumerId === dataConsumerId,
      onEnd: () => {
        worker.offMessages(this.#handle);
        this.emit('closed');
      },
    });
  }

  /** Throws `not_found` when there is no such data producer, `closed`. */
  static async open(
    worker: WorkerClient,
    routerId: string,
    dataProducerId: string,
  ): Promise<DataTap> {
    const dataConsumerId = randomId(ID_CHARACTERS);
    const tap = new DataTap(worker, dataConsumerId);
    await tap.#leg.open(routerId, async (transportId) => {
      const consumer = { transportId, dataConsumerId, dataProducerId };
      const { handle = -1 } = await worker.request('consumeData', consumer);
      tap.#handle = handle;
      worker.onMessages(handle, (message) => tap.emit('message', message));
    });
    return tap;
  }

  close(): Promise<void> {
    return this.#leg.close();
  }
}
