import { AmphiError, type Closable, Disposer, type Logger, messageOf } from '#base';
import {
  CODECS,
  type CodecName,
  type MediaTap,
  Pipe,
  Router,
  type Session,
  type WorkerClient,
} from '#callserver';
import { type PublicationCodec, publicationCodecSchema } from '#contracts';
import type { PublicationLink } from './publication-link.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Best first: what the program carries as it is, then what must be transcoded. */
const CODEC_ORDER: readonly CodecName[] = ['H264', 'VP8', 'VP9', 'opus'];
/** Where a browser's estimate begins, in kbit/s. */
const START_BITRATE_KBPS = 2_500;
/** A browser sends speech in mono at 32 kbit/s unless it is told that more is wanted. */
const BROADCAST_SOUND = { stereo: '1', maxaveragebitrate: '128000' };
/**
 * A key frame is asked for so long after the last one. H.264 goes through to
 * the program, whose GOPs must not be longer than 2 s; what is transcoded gets
 * its key frames there, and needs the publisher's to begin anew only.
 */
const KEY_AFTER_MS = { H264: 1_700, transcoded: 8_000 };
const KEY_CHECK_MS = 200;

/** One WHIP publisher: its session in a worker, and its media on the way to its event. */
export class WhipPublisher implements Closable {
  readonly session: Session;
  readonly worker: WorkerClient;
  readonly #router: Router;
  readonly #link: PublicationLink;
  readonly #disposer = new Disposer();
  readonly #log: Logger;
  /** In other workers, where somebody watches. */
  readonly #branches = new Map<WorkerClient, Promise<Router>>();
  #taps: MediaTap[] = [];

  private constructor(
    session: Session,
    worker: WorkerClient,
    router: Router,
    link: PublicationLink,
    log: Logger,
  ) {
    this.session = session;
    this.worker = worker;
    this.#router = router;
    this.#link = link;
    this.#log = log;
  }

  /**
   * Agrees with the offer in the worker that has least to do. Throws as
   * `Router.publish` does, and `unavailable`. The link is closed with the session.
   */
  static async begin(
    pool: WorkerPool,
    offer: string,
    link: PublicationLink,
    log: Logger,
  ): Promise<WhipPublisher> {
    const { worker, release } = pool.take();
    const undo = new Disposer();
    undo.defer(release);
    try {
      const router = await Router.create(worker);
      undo.defer(() => router.close().catch(() => {}));
      const session = await router.publish(offer, {
        codecs: CODEC_ORDER,
        order: 'codecs',
        whole: true,
        startBitrateKbps: START_BITRATE_KBPS,
        opusParameters: BROADCAST_SOUND,
      });
      const publisher = new WhipPublisher(session, worker, router, link, log);
      publisher.#disposer.defer(() => undo.close());
      await publisher.#flow();
      return publisher;
    } catch (error) {
      await undo.close();
      throw error;
    }
  }

  /** Packets that could not be repaired in time, and units that the ingest node did not take. */
  get lost(): number {
    return this.#taps.reduce((sum, { lost }) => sum + lost, this.#link.dropped);
  }

  /**
   * What is published as it comes, all streams of it, in this worker: its own, or
   * another one that a pipe leads to. It ends with the publisher. Throws `closed`.
   */
  routerIn(worker: WorkerClient): Promise<Router> {
    if (worker === this.worker) return Promise.resolve(this.#router);
    const known = this.#branches.get(worker);
    if (known !== undefined) return known;
    const opening = this.#branch(worker);
    this.#branches.set(worker, opening);
    const forget = () => this.#branches.delete(worker);
    opening.catch(forget);
    this.#disposer.defer(worker.once('closed', forget));
    return opening;
  }

  async #branch(worker: WorkerClient): Promise<Router> {
    const router = await Router.create(worker);
    const close = () => router.close().catch(() => {});
    try {
      const pipe = await Pipe.open(this.#router, router);
      for (const producer of this.#router.producers) await pipe.carry(producer);
      if (this.session.closed) throw new AmphiError('closed', 'the publisher has gone');
      this.#disposer.defer(close);
      this.#disposer.defer(() => pipe.close().catch(() => {}));
      return router;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.#disposer.close();
  }

  async #flow(): Promise<void> {
    const { session } = this;
    session.on('closed', () => {
      this.#link.close();
      this.#disposer
        .close()
        .catch((error) => this.#log.debug({ reason: messageOf(error) }, 'session not cleaned up'));
    });
    for (const { producerId, parameters } of this.#router.producers) {
      const codec = publicationCodecSchema.parse(parameters.codec.name);
      const tap = await this.#router.tap(producerId);
      this.#taps.push(tap);
      this.#send(tap, codec);
    }
  }

  #send(tap: MediaTap, codec: PublicationCodec): void {
    const { kind, clockRate } = CODECS[codec];
    let keyAtMs = performance.now();
    tap.on('unit', ({ key, timestamp, capturedUs, payload }) => {
      if (key) keyAtMs = performance.now();
      const mediaUs = (timestamp * 1e6) / clockRate;
      this.#link.send({ codec, key, mediaUs, capturedUs, payload });
    });
    if (kind !== 'video') return;
    const afterMs = codec === 'H264' ? KEY_AFTER_MS.H264 : KEY_AFTER_MS.transcoded;
    const timer = setInterval(() => {
      if (performance.now() - keyAtMs > afterMs) tap.requestKeyFrame();
    }, KEY_CHECK_MS);
    this.#disposer.defer(() => clearInterval(timer));
  }
}
