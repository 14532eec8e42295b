import { type Closable, randomId } from '#base';
import type { Notice } from '../control/messages.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;

export interface DirectLegOptions {
  worker: WorkerClient;
  /** Whether a notice tells of the end of what stands on the transport. */
  isEnd?: (notice: Notice) => boolean;
  /** Called once: the worker has gone, a notice told of the end, or it was closed. */
  onEnd: () => void;
}

/** A direct transport, for as long as one tap or feed of this process needs it. */
export class DirectLeg implements Closable {
  readonly transportId = randomId(ID_CHARACTERS);
  readonly #worker: WorkerClient;
  readonly #onEnd: () => void;
  readonly #off: () => void;
  #closed = false;

  constructor({ worker, isEnd, onEnd }: DirectLegOptions) {
    this.#worker = worker;
    this.#onEnd = onEnd;
    const offNotice = worker.on('notice', (notice) => {
      // Nobody waits for this; a worker that does not answer has its own end.
      if (isEnd?.(notice)) this.close().catch(() => {});
    });
    const offClosed = worker.on('closed', () => this.#end());
    this.#off = () => {
      offNotice();
      offClosed();
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Makes the transport and what `begin` puts on it. When either throws, it is closed. */
  async open<Result>(
    routerId: string,
    begin: (transportId: string, handle: number) => Promise<Result>,
  ): Promise<Result> {
    const { transportId } = this;
    try {
      const { handle } = await this.#worker.request('createDirectTransport', {
        routerId,
        transportId,
      });
      return await begin(transportId, handle);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#off();
    this.#onEnd();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    await this.#worker.closeTransport(this.transportId);
  }
}
