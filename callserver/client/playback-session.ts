import { AmphiError, randomId } from '#base';
import type { PlayableProducer } from '../negotiation/play.ts';
import type { ConsumerParameters } from '../parameters.ts';
import type { SessionRouter } from './sending-session.ts';
import { Session, type SessionParts } from './session.ts';

const ID_CHARACTERS = 16;

type Agreed = PlayableProducer['parameters'];

/** A viewer: one sound and one picture at most, whoever they are of. */
export class PlaybackSession extends Session {
  /** Whether what it plays may end before it does. */
  readonly #lasting: boolean;
  /** By consumer: what was agreed about it. */
  readonly #agreed = new Map<string, Agreed>();

  constructor(parts: SessionParts, lasting: boolean) {
    super(parts);
    this.#lasting = lasting;
  }

  /** Begins with a producer of a router of the same worker. */
  async play(
    { producerId, parameters: agreed }: PlayableProducer,
    parameters: ConsumerParameters,
    { id: routerId }: SessionRouter,
  ): Promise<void> {
    const consumerId = randomId(ID_CHARACTERS);
    this.consumers.set(consumerId, producerId);
    this.#agreed.set(consumerId, agreed);
    await this.worker.request('consume', {
      transportId: this.id,
      consumerId,
      producerId,
      routerId,
      parameters: this.#lasting ? { ...parameters, lasting: true } : parameters,
    });
  }

  /**
   * Goes on with what this router of the same worker has, in the same transport
   * and streams. A kind that is not there stays as it is: silent, or still.
   * Throws `not_acceptable` when there is nothing that the viewer has agreed to
   * decode (then nothing has changed), `not_found` for what has gone meanwhile.
   */
  async move(to: SessionRouter): Promise<void> {
    if (to.worker !== this.worker) {
      throw new AmphiError('bad_request', 'a session moves within its worker');
    }
    const moves = [...this.#agreed].map(([consumerId, agreed]) => ({
      consumerId,
      agreed,
      producers: [...to.published.values()].filter(
        ({ parameters }) => parameters.kind === agreed.kind,
      ),
    }));
    const chosen = moves.map(({ consumerId, agreed, producers }) => {
      const fits = producers.find(({ parameters }) => isSame(parameters, agreed));
      if (fits === undefined && producers.length > 0) {
        throw new AmphiError('not_acceptable', `the viewer has not agreed on its ${agreed.kind}`);
      }
      return { consumerId, producer: fits };
    });
    if (chosen.every(({ producer }) => producer === undefined)) {
      throw new AmphiError('not_acceptable', 'there is nothing to move to');
    }
    for (const { consumerId, producer } of chosen) {
      if (producer === undefined) continue;
      const { producerId } = producer;
      await this.worker.request('switchConsumer', { consumerId, producerId, routerId: to.id });
      this.consumers.set(consumerId, producerId);
    }
  }
}

const isSame = (a: Agreed, b: Agreed): boolean =>
  a.kind === b.kind && a.codec.name === b.codec.name;
