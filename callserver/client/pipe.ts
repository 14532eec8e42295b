import { AmphiError, type Closable, Emitter, isAmphiError, randomId } from '#base';
import type { PipeEnd } from '../control/messages.ts';
import { pipeParameters } from '../negotiation/pipe.ts';
import type { Router } from './router.ts';
import type { PublishedProducer } from './sending-session.ts';

const ID_CHARACTERS = 16;
/** Both ends are ours: streams are numbered as they come. */
const FIRST_SSRC = 1_000;

export interface PipeOptions {
  /** What only the owners of both ends know; left out between workers of one machine. */
  secret?: string;
}

type Events = {
  /** One of its ends has gone, or it was closed; nothing flows any more. */
  closed: readonly [];
};

interface Carried {
  consumerIds: string[];
}

/**
 * A one-way link between routers in two workers: producers of the one become
 * producers of the other, under the same ids. Of each stream one copy goes over
 * it, and only while somebody at the far end wants it.
 */
export class Pipe extends Emitter<Events> implements Closable {
  readonly from: Router;
  readonly to: Router;
  readonly #nearId: string;
  readonly #farId: string;
  readonly #carried = new Map<string, Promise<Carried>>();
  readonly #off: (() => void)[] = [];
  #nextSsrc = FIRST_SSRC;
  #closed = false;

  private constructor(from: Router, to: Router, nearId: string, farId: string) {
    super();
    this.from = from;
    this.to = to;
    this.#nearId = nearId;
    this.#farId = farId;
    for (const [{ worker }, transportId] of [
      [from, nearId],
      [to, farId],
    ] as const) {
      const offNotice = worker.on('notice', (notice) => {
        if (notice.notice === 'transportClosed' && notice.transportId === transportId) this.#lose();
      });
      const offClosed = worker.on('closed', () => this.#lose());
      this.#off.push(offNotice, offClosed);
    }
    this.#off.push(
      from.on('unpublished', (producerId) => {
        // With a worker that has gone it has ended anyway.
        this.drop(producerId).catch(() => {});
      }),
    );
  }

  /**
   * Opens both ends and connects them. Throws `forbidden` when they are on two
   * machines and there is no secret, `closed` when a worker has gone.
   */
  static async open(from: Router, to: Router, options: PipeOptions = {}): Promise<Pipe> {
    const [nearId, farId] = [randomId(ID_CHARACTERS), randomId(ID_CHARACTERS)];
    const pipe = new Pipe(from, to, nearId, farId);
    try {
      const [near, far] = await Promise.all([
        from.worker.request('createPipeTransport', { routerId: from.id, transportId: nearId }),
        to.worker.request('createPipeTransport', { routerId: to.id, transportId: farId }),
      ]);
      const { secret } = options;
      const local = secret === undefined && near.loopback !== undefined;
      const reach = (end: PipeEnd): PipeEnd =>
        local && end.loopback !== undefined && end.loopback === near.loopback
          ? { ...end, address: end.loopback }
          : end;
      const common = secret === undefined ? {} : { secret };
      await Promise.all([
        from.worker.request('connectPipeTransport', {
          transportId: nearId,
          remote: reach(far),
          ...common,
        }),
        to.worker.request('connectPipeTransport', {
          transportId: farId,
          remote: reach(near),
          ...common,
        }),
      ]);
    } catch (error) {
      await pipe.close();
      throw error;
    }
    return pipe;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Makes a producer known at the far end. Throws `not_found` when it has gone, `closed`. */
  async carry(producer: PublishedProducer): Promise<void> {
    if (this.#closed) throw new AmphiError('closed', 'the pipe is closed');
    const { producerId } = producer;
    let carried = this.#carried.get(producerId);
    if (carried === undefined) {
      carried = this.#begin(producer);
      this.#carried.set(producerId, carried);
      carried.catch(() => this.#carried.delete(producerId));
    }
    await carried;
  }

  async #begin(producer: PublishedProducer): Promise<Carried> {
    const { producerId, parameters } = producer;
    const piped = pipeParameters(parameters, () => this.#nextSsrc++);
    await this.to.worker.request('produce', {
      transportId: this.#farId,
      producerId,
      parameters: piped.producer,
    });
    const consumerIds: string[] = [];
    try {
      for (const one of piped.consumers) {
        const consumerId = randomId(ID_CHARACTERS);
        await this.from.worker.request('consume', {
          transportId: this.#nearId,
          consumerId,
          producerId,
          parameters: one,
        });
        consumerIds.push(consumerId);
      }
    } catch (error) {
      // The near end's consumers go with their producer.
      await this.#closeFar(producerId);
      throw error;
    }
    if (this.#closed) throw new AmphiError('closed', 'the pipe is closed');
    this.to.published.set(producerId, { ...producer, parameters: piped.producer, piped: true });
    return { consumerIds };
  }

  /** Ends a producer at the far end; what it is not of any more is no error. */
  async drop(producerId: string): Promise<void> {
    const carried = await this.#carried.get(producerId)?.catch(() => undefined);
    if (carried === undefined || !this.#carried.delete(producerId)) return;
    this.to.unpublish(producerId);
    await this.#closeFar(producerId);
    for (const consumerId of carried.consumerIds) {
      await ignoreGone(this.from.worker.request('closeConsumer', { consumerId }));
    }
  }

  #closeFar(producerId: string): Promise<void> {
    return ignoreGone(this.to.worker.request('closeProducer', { producerId }));
  }

  /** Both ends at once: one that is left would wait for ever. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const off of this.#off) off();
    for (const producerId of this.#carried.keys()) this.to.unpublish(producerId);
    this.emit('closed');
    await Promise.all([
      this.from.worker.closeTransport(this.#nearId),
      this.to.worker.closeTransport(this.#farId),
    ]);
  }

  /** One of its ends has gone. */
  #lose(): void {
    // The worker of the other end may go at the same time.
    this.close().catch(() => {});
  }
}

async function ignoreGone(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!isAmphiError(error, 'closed')) throw error;
  }
}
