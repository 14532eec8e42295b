import { type Closable, Disposer } from '#base';
import { type MediaFeed, Router, type TransportStats, type WorkerClient } from '#callserver';

/** As many streams as a producer may have; more rungs than this make no sense to WebRTC viewers. */
export const MAX_VIDEO_STREAMS = 8;
/** Nobody watching for so long: packets are made for nobody any more. */
const LINGER_MS = 20_000;

const VIDEO = 0;
const AUDIO = 1;

/** One unit of the bank's. */
export interface FedUnit {
  key: boolean;
  capturedUs: number;
  payload: Uint8Array;
}

/** What the bank makes of an event, as producers in one worker. */
export class RenditionRouter implements Closable {
  readonly router: Router;
  readonly #worker: WorkerClient;
  readonly #feed: MediaFeed;
  readonly #disposer = new Disposer();
  readonly #onIdle: () => void;
  #viewers = 0;
  #idle: NodeJS.Timeout | undefined;

  private constructor(worker: WorkerClient, router: Router, feed: MediaFeed, onIdle: () => void) {
    this.#worker = worker;
    this.router = router;
    this.#feed = feed;
    this.#onIdle = onIdle;
    feed.on('closed', onIdle);
    this.#disposer.defer(() => router.close().catch(() => {}));
  }

  /** `onIdle` is called when it is of no use any more: the worker has gone, or nobody watches. */
  static async open(worker: WorkerClient, onIdle: () => void): Promise<RenditionRouter> {
    const router = await Router.create(worker);
    try {
      const feed = await router.feed([
        {
          codec: 'H264',
          kind: 'video',
          // High profile, as the bank encodes.
          parameters: { 'packetization-mode': '1', 'profile-level-id': '64001f' },
          streams: MAX_VIDEO_STREAMS,
        },
        { codec: 'opus', kind: 'audio', parameters: {}, streams: 1 },
      ]);
      return new RenditionRouter(worker, router, feed, onIdle);
    } catch (error) {
      await router.close().catch(() => {});
      throw error;
    }
  }

  /** Of its producers. */
  stats(): Promise<TransportStats> {
    return this.#worker.request('transportStats', { transportId: this.#feed.transportId });
  }

  /** Counts one more who watches; returns what is to be called when they do so no longer. */
  enter(): () => void {
    clearTimeout(this.#idle);
    this.#viewers++;
    let entered = true;
    return () => {
      if (entered) this.#left();
      entered = false;
    };
  }

  video(stream: number, unit: FedUnit): void {
    this.#feed.send(VIDEO, stream, unit);
  }

  audio(unit: FedUnit): void {
    this.#feed.send(AUDIO, 0, unit);
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#disposer.close();
  }

  #left(): void {
    this.#viewers--;
    if (this.#viewers > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(this.#onIdle, LINGER_MS);
  }
}
