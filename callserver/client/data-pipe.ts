import { type Closable, Emitter } from '#base';
import type { DataFeed } from './data-feed.ts';
import type { DataTap } from './data-tap.ts';
import type { PublishedDataProducer, Router } from './router.ts';

type Events = {
  /** Its producer or one of the workers has gone, or it was closed. */
  closed: readonly [];
};

/**
 * A data producer of one router made known in another one, under the same id: its
 * messages go through the process that owns both workers. Positions and the like
 * are few; media go by `Pipe`.
 */
export class DataPipe extends Emitter<Events> implements Closable {
  readonly #tap: DataTap;
  readonly #feed: DataFeed;
  #closed = false;

  private constructor(tap: DataTap, feed: DataFeed) {
    super();
    this.#tap = tap;
    this.#feed = feed;
    tap.on('message', (message) => feed.send(message));
    // The worker at the other end may go at the same time.
    const close = () => {
      this.close().catch(() => {});
    };
    tap.on('closed', close);
    feed.on('closed', close);
  }

  /** Throws `not_found` when the producer has gone, `conflict` when it is known there already, `closed`. */
  static async open(from: Router, to: Router, producer: PublishedDataProducer): Promise<DataPipe> {
    const tap = await from.tapData(producer.dataProducerId);
    try {
      return new DataPipe(tap, await to.feedData(producer.parameters, producer));
    } catch (error) {
      await tap.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.emit('closed');
    await Promise.all([this.#tap.close(), this.#feed.close()]);
  }
}
