import { type Closable, Disposer } from '#base';
import {
  type MediaFeed,
  Router,
  type Session,
  type TransportStats,
  type WorkerClient,
} from '#callserver';

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
  readonly #worker: WorkerClient;
  readonly #router: Router;
  readonly #feed: MediaFeed;
  readonly #disposer = new Disposer();
  readonly #onIdle: () => void;
  #sessions = 0;
  #idle: NodeJS.Timeout | undefined;

  private constructor(worker: WorkerClient, router: Router, feed: MediaFeed, onIdle: () => void) {
    this.#worker = worker;
    this.#router = router;
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

  /** Takes a viewer's offer. Throws as `Router.play` does. */
  async play(offer: string): Promise<Session> {
    clearTimeout(this.#idle);
    this.#sessions++;
    try {
      const session = await this.#router.play(offer, { whole: true });
      session.on('closed', () => this.#left());
      return session;
    } catch (error) {
      this.#left();
      throw error;
    }
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
    this.#sessions--;
    if (this.#sessions > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(this.#onIdle, LINGER_MS);
  }
}
