import { type DataMessage, isReliable } from '../data-parameters.ts';
import type { DataProducer } from './data-producer.ts';

/** What may wait in front of a slow receiver, beside what SCTP has taken to send. */
export const MAX_BUFFERED_BYTES = 256 * 1024;
/** Where old messages are worth nothing, few of them are kept. */
export const MAX_BUFFERED_UNRELIABLE_BYTES = 16 * 1024;

/** The way of messages to a receiver: a channel of its transport, or the owner's process. */
export interface DataSink {
  /** False before messages can go out. */
  readonly open: boolean;
  /** Bytes that wait. */
  readonly bufferedAmount: number;
  /** Takes a message, for now or for later. False when it cannot be had. */
  send(message: DataMessage): boolean;
  close(): void;
}

/** A channel towards a receiver, bound to a data producer and as reliable as it is. */
export class DataConsumer {
  readonly id: string;
  readonly producer: DataProducer;
  readonly sink: DataSink;
  readonly #overflowed: (consumer: DataConsumer) => void;
  readonly #reliable: boolean;
  /** Handed to the channel. */
  messages = 0;
  octets = 0;
  /** The receiver was too slow for them. */
  dropped = 0;

  /** `overflowed`: a message that has to arrive cannot be kept. */
  constructor(
    id: string,
    producer: DataProducer,
    sink: DataSink,
    overflowed: (consumer: DataConsumer) => void,
  ) {
    this.id = id;
    this.producer = producer;
    this.sink = sink;
    this.#overflowed = overflowed;
    this.#reliable = isReliable(producer.parameters);
    producer.consumers.add(this);
  }

  /** A message of this size. What comes before the channel is open is not for this receiver. */
  forward(message: DataMessage, size: number): void {
    if (!this.sink.open) return;
    const most = this.#reliable ? MAX_BUFFERED_BYTES : MAX_BUFFERED_UNRELIABLE_BYTES;
    const waiting = this.sink.bufferedAmount;
    // Where nothing waits, one message goes out, however large.
    if ((waiting === 0 || waiting + size <= most) && this.sink.send(message)) {
      this.messages++;
      this.octets += size;
      return;
    }
    this.dropped++;
    if (this.#reliable) this.#overflowed(this);
  }

  close(): void {
    this.producer.consumers.delete(this);
    this.sink.close();
  }
}
