import {
  type DataChannelParameters,
  type DataMessage,
  isReliable,
  MAX_MESSAGE_BYTES,
  sizeOf,
} from '../data-parameters.ts';
import type { DataConsumer } from './data-consumer.ts';
import { DataRate } from './data-rate.ts';

/** Why a producer is of no use any more: it may not lose a message, and could not keep one. */
export type DataFault = 'message_size' | 'flood';

/** A channel that a peer has opened, or that the owner fills: where messages come in. */
export class DataProducer {
  readonly id: string;
  readonly parameters: DataChannelParameters;
  readonly consumers = new Set<DataConsumer>();
  readonly #rate = new DataRate();
  /** Passed on. */
  messages = 0;
  octets = 0;
  /** Too large, or beyond the rate. */
  dropped = 0;

  constructor(id: string, parameters: DataChannelParameters) {
    this.id = id;
    this.parameters = parameters;
  }

  /**
   * Passes a message on to everybody. One that is too large or too much is dropped;
   * where every message has to arrive, that ends the channel: the fault is returned.
   */
  receive(message: DataMessage, nowMs: number): DataFault | undefined {
    const size = sizeOf(message);
    if (size > MAX_MESSAGE_BYTES) return this.#drop('message_size');
    if (!this.#rate.admit(size, nowMs)) return this.#drop('flood');
    this.messages++;
    this.octets += size;
    for (const consumer of this.consumers) consumer.forward(message, size);
    return undefined;
  }

  #drop(fault: DataFault): DataFault | undefined {
    this.dropped++;
    return isReliable(this.parameters) || this.#rate.flooded ? fault : undefined;
  }
}
