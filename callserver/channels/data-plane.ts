import { AmphiError, randomId } from '#base';
import type { Notice, RequestInput, RequestOutput, TransportStats } from '../control/messages.ts';
import {
  type DataChannelParameters,
  type DataChannelRules,
  DataChannelParameters as DataChannelSchema,
  type DataMessage,
  type Reliability,
} from '../data-parameters.ts';
import { DataConsumer, type DataSink } from './data-consumer.ts';
import { DataProducer } from './data-producer.ts';
import { OpeningRate } from './opening-rate.ts';

/** Channels of a transport that are open at once, in both directions together. */
export const MAX_CHANNELS = 64;
const ID_CHARACTERS = 16;
const DEFAULT_RELIABILITY: Reliability = { ordered: true };

/** A channel that a peer has opened. */
export interface PeerChannel {
  readonly label: string;
  readonly protocol: string;
  /** What comes, and its end by the peer or with the connection. To be set at once. */
  listen(onMessage: (message: DataMessage) => void, onClosed: () => void): void;
  close(): void;
}

/** A channel that we open towards a peer. */
export interface OwnChannel extends DataSink {
  onClosed(closed: () => void): void;
}

/** What a router shares out. */
export interface DataRouter {
  readonly id: string;
  readonly dataProducers: Map<string, DataProducer>;
}

/** A transport whose peer has data channels. */
export interface PeerWay {
  /** What the peer may open; anything, reliable and in order, when left out. */
  rules: DataChannelRules | undefined;
  /** Throws when the association has no channel to give. */
  open(parameters: DataChannelParameters): OwnChannel;
}

type DataNotice = Extract<
  Notice,
  { notice: 'dataProducerOpened' | 'dataProducerClosed' | 'dataConsumerClosed' }
>;
type ProducerEnd = Extract<Notice, { notice: 'dataProducerClosed' }>['reason'];
type ConsumerEnd = Extract<Notice, { notice: 'dataConsumerClosed' }>['reason'];

export interface DataOwner {
  notify(notice: DataNotice): void;
  /** A message out of a direct transport. False when the owner does not keep up. */
  send(handle: number, message: DataMessage): boolean;
  /** Monotonic. */
  nowMs(): number;
}

interface End {
  transportId: string;
  router: DataRouter;
  /** Undefined for a direct transport: its owner is the peer. */
  peer: PeerWay | undefined;
  producers: Map<string, { producer: DataProducer; handle: number; channel?: PeerChannel }>;
  consumers: Map<string, DataConsumer>;
  openings: OpeningRate;
  refused: number;
}

/** All data producers and consumers of a worker, by the ids that its owner knows them by. */
export class DataPlane {
  readonly #owner: DataOwner;
  readonly #ends = new Map<string, End>();
  readonly #producers = new Map<string, End>();
  readonly #consumers = new Map<string, End>();
  /** Of direct transports, by handle. */
  readonly #inlets = new Map<number, string>();
  #nextHandle = 1;

  constructor(owner: DataOwner) {
    this.#owner = owner;
  }

  /** From now on a transport may have data producers and consumers. */
  attach(transportId: string, router: DataRouter, peer?: PeerWay): void {
    this.#ends.set(transportId, {
      transportId,
      router,
      peer,
      producers: new Map(),
      consumers: new Map(),
      openings: new OpeningRate(),
      refused: 0,
    });
  }

  /** A transport has gone, and its channels with it. What has none is no error. */
  detach(transportId: string): void {
    const end = this.#ends.get(transportId);
    if (end === undefined) return;
    this.#ends.delete(transportId);
    for (const id of [...end.producers.keys()]) this.#endProducer(end, id, 'transport');
    for (const id of [...end.consumers.keys()]) this.#endConsumer(end, id);
  }

  /** The association ended with an ICE restart: the peer opens its channels anew. */
  restarted(transportId: string): void {
    const end = this.#ends.get(transportId);
    if (end === undefined) return;
    for (const id of [...end.producers.keys()]) this.#endProducer(end, id, 'restart');
    for (const id of [...end.consumers.keys()]) this.#endConsumer(end, id, 'restart');
  }

  /** A peer has opened a channel: it becomes a producer, or is closed and counted. */
  peerOpened(transportId: string, channel: PeerChannel): void {
    const end = this.#ends.get(transportId);
    const parameters = this.#agree(end, channel);
    if (end === undefined || parameters === undefined) {
      // What it has sent already is taken and forgotten: nobody else empties its queue.
      channel.listen(
        () => {},
        () => {},
      );
      channel.close();
      return;
    }
    const dataProducerId = randomId(ID_CHARACTERS);
    const producer = new DataProducer(dataProducerId, parameters);
    this.#begin(end, producer, channel);
    const { router } = end;
    // Before its first message.
    this.#owner.notify({
      notice: 'dataProducerOpened',
      routerId: router.id,
      transportId,
      dataProducerId,
      parameters,
    });
    channel.listen(
      (message) => this.#onMessage(dataProducerId, message),
      () => this.#endProducer(end, dataProducerId, 'peer'),
    );
  }

  #agree(
    end: End | undefined,
    { label, protocol }: PeerChannel,
  ): DataChannelParameters | undefined {
    if (end?.peer === undefined) return undefined;
    const { rules } = end.peer;
    const reliability =
      rules === undefined
        ? DEFAULT_RELIABILITY
        : Object.hasOwn(rules, label)
          ? rules[label]
          : undefined;
    const { data } = DataChannelSchema.safeParse({ ...reliability, label, protocol });
    const room = this.#channelsOf(end) < MAX_CHANNELS;
    if (reliability === undefined || data === undefined || !room || !this.#mayOpen(end)) {
      end.refused++;
      return undefined;
    }
    return data;
  }

  #mayOpen(end: End): boolean {
    return end.openings.admit(this.#owner.nowMs());
  }

  #channelsOf({ producers, consumers }: End): number {
    return producers.size + consumers.size;
  }

  #begin(end: End, producer: DataProducer, channel?: PeerChannel): number {
    const handle = channel === undefined ? this.#nextHandle++ : -1;
    const one = channel === undefined ? { producer, handle } : { producer, handle, channel };
    end.producers.set(producer.id, one);
    end.router.dataProducers.set(producer.id, producer);
    this.#producers.set(producer.id, end);
    return handle;
  }

  /** A message of the owner's for a producer on a direct transport. */
  receive(handle: number, message: DataMessage): void {
    const id = this.#inlets.get(handle);
    if (id !== undefined) this.#onMessage(id, message);
  }

  #onMessage(id: string, message: DataMessage): void {
    const end = this.#producers.get(id);
    const fault = end?.producers.get(id)?.producer.receive(message, this.#owner.nowMs());
    if (end !== undefined && fault !== undefined) this.#endProducer(end, id, fault);
  }

  /** On a direct transport; peers open their channels themselves. */
  produce(input: RequestInput<'produceData'>): RequestOutput<'produceData'> {
    const { transportId, dataProducerId, parameters } = input;
    const end = this.#end(transportId);
    if (end.peer !== undefined) {
      throw new AmphiError('bad_request', `the peer of ${transportId} opens its channels itself`);
    }
    if (this.#producers.has(dataProducerId)) {
      throw new AmphiError('conflict', `data producer ${dataProducerId} exists`);
    }
    this.#mustHaveRoom(end);
    const handle = this.#begin(end, new DataProducer(dataProducerId, parameters));
    this.#inlets.set(handle, dataProducerId);
    return { handle };
  }

  consume(input: RequestInput<'consumeData'>): RequestOutput<'consumeData'> {
    const { transportId, dataConsumerId, dataProducerId, name } = input;
    const end = this.#end(transportId);
    const producer = end.router.dataProducers.get(dataProducerId);
    if (producer === undefined) {
      throw new AmphiError('not_found', `no data producer ${dataProducerId}`);
    }
    if (this.#consumers.has(dataConsumerId)) {
      throw new AmphiError('conflict', `data consumer ${dataConsumerId} exists`);
    }
    this.#mustHaveRoom(end);
    const channel = end.peer?.open({ ...producer.parameters, ...name });
    const handle = channel === undefined ? this.#nextHandle++ : -1;
    const sink = channel ?? this.#outlet(handle);
    const consumer = new DataConsumer(dataConsumerId, producer, sink, () =>
      this.#endConsumer(end, dataConsumerId, 'overflow'),
    );
    end.consumers.set(dataConsumerId, consumer);
    this.#consumers.set(dataConsumerId, end);
    channel?.onClosed(() => this.#endConsumer(end, dataConsumerId, 'peer'));
    return handle < 0 ? {} : { handle };
  }

  #outlet(handle: number): DataSink {
    return {
      open: true,
      bufferedAmount: 0,
      send: (message) => this.#owner.send(handle, message),
      close: () => {},
    };
  }

  closeProducer(dataProducerId: string): void {
    const end = this.#producers.get(dataProducerId);
    if (end !== undefined) this.#endProducer(end, dataProducerId, 'owner');
  }

  closeConsumer(dataConsumerId: string): void {
    const end = this.#consumers.get(dataConsumerId);
    if (end !== undefined) this.#endConsumer(end, dataConsumerId);
  }

  #endProducer(end: End, dataProducerId: string, reason: ProducerEnd): void {
    const found = end.producers.get(dataProducerId);
    if (found === undefined) return;
    end.producers.delete(dataProducerId);
    end.router.dataProducers.delete(dataProducerId);
    this.#producers.delete(dataProducerId);
    this.#inlets.delete(found.handle);
    found.channel?.close();
    for (const { id } of [...found.producer.consumers]) {
      const where = this.#consumers.get(id);
      if (where !== undefined) this.#endConsumer(where, id, 'producer');
    }
    const routerId = end.router.id;
    this.#owner.notify({ notice: 'dataProducerClosed', routerId, dataProducerId, reason });
  }

  /** Without a reason it is the owner who ends it, and knows. */
  #endConsumer(end: End, dataConsumerId: string, reason?: ConsumerEnd): void {
    const consumer = end.consumers.get(dataConsumerId);
    if (consumer === undefined) return;
    end.consumers.delete(dataConsumerId);
    this.#consumers.delete(dataConsumerId);
    consumer.close();
    if (reason === undefined) return;
    const { router, transportId } = end;
    const routerId = router.id;
    this.#owner.notify({
      notice: 'dataConsumerClosed',
      routerId,
      transportId,
      dataConsumerId,
      reason,
    });
  }

  #end(transportId: string): End {
    const end = this.#ends.get(transportId);
    if (end === undefined) {
      throw new AmphiError('not_found', `transport ${transportId} has no data channels`);
    }
    return end;
  }

  #mustHaveRoom(end: End): void {
    if (this.#channelsOf(end) >= MAX_CHANNELS) {
      throw new AmphiError('too_many', `a transport has ${MAX_CHANNELS} data channels at most`);
    }
  }

  /** Undefined for a transport that has had none. */
  stats(transportId: string): TransportStats['data'] {
    const end = this.#ends.get(transportId);
    if (end === undefined) return undefined;
    return {
      refused: end.refused,
      producers: [...end.producers.values()].map(({ producer }) => ({
        dataProducerId: producer.id,
        label: producer.parameters.label,
        messages: producer.messages,
        octets: producer.octets,
        dropped: producer.dropped,
      })),
      consumers: [...end.consumers.values()].map((consumer) => ({
        dataConsumerId: consumer.id,
        dataProducerId: consumer.producer.id,
        messages: consumer.messages,
        octets: consumer.octets,
        dropped: consumer.dropped,
        bufferedBytes: consumer.sink.bufferedAmount,
      })),
    };
  }
}
