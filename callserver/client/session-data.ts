import { isAmphiError, randomId } from '#base';
import type { Notice } from '../control/messages.ts';
import type { DataChannelName } from '../data-parameters.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;

/** Why a channel towards a peer has ended by itself. */
export type DataEnd = Extract<Notice, { notice: 'dataConsumerClosed' }>['reason'];

/** The data channels that we open towards one peer: which data producers it gets. */
export class SessionData {
  readonly #worker: WorkerClient;
  readonly #transportId: string;
  readonly #closed: (dataProducerId: string, reason: DataEnd) => void;
  /** Ids of consumers, by their producers'. */
  readonly #consumers = new Map<string, string>();

  constructor(
    worker: WorkerClient,
    transportId: string,
    closed: (dataProducerId: string, reason: DataEnd) => void,
  ) {
    this.#worker = worker;
    this.#transportId = transportId;
    this.#closed = closed;
  }

  /** Ids of the data producers that the peer gets. */
  get producers(): readonly string[] {
    return [...this.#consumers.keys()];
  }

  /**
   * Opens a channel with what a data producer sends, by another name where one is
   * given. Does nothing when there is one.
   * Throws `not_found` when there is no such producer, or no association with the
   * peer, `too_many`, `unavailable`.
   */
  async consume(dataProducerId: string, name?: DataChannelName): Promise<void> {
    if (this.#consumers.has(dataProducerId)) return;
    const dataConsumerId = randomId(ID_CHARACTERS);
    this.#consumers.set(dataProducerId, dataConsumerId);
    try {
      const transportId = this.#transportId;
      const called = name === undefined ? {} : { name };
      const consumer = { transportId, dataConsumerId, dataProducerId, ...called };
      await this.#worker.request('consumeData', consumer);
    } catch (error) {
      this.#forget(dataConsumerId);
      throw error;
    }
  }

  /** Closes that channel; one that is not there is closed already. */
  async stop(dataProducerId: string): Promise<void> {
    const dataConsumerId = this.#consumers.get(dataProducerId);
    if (dataConsumerId === undefined) return;
    this.#forget(dataConsumerId);
    try {
      await this.#worker.request('closeDataConsumer', { dataConsumerId });
    } catch (error) {
      if (!isAmphiError(error, 'closed')) throw error;
    }
  }

  onNotice({ dataConsumerId, reason }: Extract<Notice, { notice: 'dataConsumerClosed' }>): void {
    const dataProducerId = this.#forget(dataConsumerId);
    if (dataProducerId !== undefined) this.#closed(dataProducerId, reason);
  }

  #forget(dataConsumerId: string): string | undefined {
    for (const [dataProducerId, id] of this.#consumers) {
      if (id !== dataConsumerId) continue;
      this.#consumers.delete(dataProducerId);
      return dataProducerId;
    }
    return undefined;
  }
}
