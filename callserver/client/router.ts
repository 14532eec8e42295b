import { AmphiError, type Closable, Emitter, randomId } from '#base';
import { parseSdp, SdpError, type SessionDescription, writeSdp } from '#protocol';
import { CODEC_NAMES } from '../codecs.ts';
import type { Notice, TransportStats } from '../control/messages.ts';
import { negotiatePlayback, type PlayableProducer } from '../negotiation/play.ts';
import { negotiatePublication, type PublishOptions } from '../negotiation/publish.ts';
import { type FeedTrack, MediaFeed } from './media-feed.ts';
import { MediaTap } from './media-tap.ts';
import type { WorkerProcess } from './worker-process.ts';

const ID_CHARACTERS = 16;
const START_BITRATE_KBPS = 2_000;

export type SessionEvents = {
  connected: readonly [];
  /** By either side; nothing follows. */
  closed: readonly [];
  /** Of a playback: which simulcast stream it gets, 0 being the lowest; -1 while the path bears none. */
  layer: readonly [producerId: string, rank: number];
};

/** One peer of a router: a publisher or a viewer. */
export class Session extends Emitter<SessionEvents> implements Closable {
  readonly id: string;
  /** The answer to the peer's offer. */
  readonly answer: string;
  /** What tells the peer's ICE session from the one after a restart. */
  readonly remoteUsernameFragment: string;
  readonly #worker: WorkerProcess;
  readonly #consumers: ReadonlyMap<string, string>;
  readonly #off: () => void;
  #closed = false;

  /** `consumers` maps ids of consumers to those of their producers. */
  constructor(
    id: string,
    answer: string,
    remoteUsernameFragment: string,
    worker: WorkerProcess,
    consumers: ReadonlyMap<string, string>,
  ) {
    super();
    this.id = id;
    this.answer = answer;
    this.remoteUsernameFragment = remoteUsernameFragment;
    this.#worker = worker;
    this.#consumers = consumers;
    const offNotice = worker.on('notice', (notice) => this.#onNotice(notice));
    const offClosed = worker.on('closed', () => this.#end());
    this.#off = () => {
      offNotice();
      offClosed();
    };
  }

  #onNotice(notice: Notice): void {
    switch (notice.notice) {
      case 'transportConnected':
        if (notice.transportId === this.id) this.emit('connected');
        break;
      case 'transportClosed':
        if (notice.transportId === this.id) this.#end();
        break;
      case 'layerChanged': {
        const producerId = this.#consumers.get(notice.consumerId);
        if (producerId !== undefined) this.emit('layer', producerId, notice.rank);
        break;
      }
      case 'consumerClosed':
      case 'fault':
        break;
    }
  }

  /** At most this simulcast stream and temporal layer, by rank from 0, for all that it plays. */
  async preferLayers(maxRank: number, maxTemporal: number): Promise<void> {
    for (const consumerId of this.#consumers.keys()) {
      await this.#worker.request('preferLayers', { consumerId, maxRank, maxTemporal });
    }
  }

  /**
   * How large a producer's picture is shown here, in pixels, and its share of the
   * path next to the others (1 to 100). Throws `not_found` for what it does not play.
   */
  async want(
    producerId: string,
    wanted: { priority: number; width?: number; height?: number },
  ): Promise<void> {
    const found = [...this.#consumers].find(([, producer]) => producer === producerId);
    if (found === undefined) throw new AmphiError('not_found', `no consumer of ${producerId}`);
    await this.#worker.request('wantConsumer', { consumerId: found[0], ...wanted });
  }

  stats(): Promise<TransportStats> {
    return this.#worker.request('transportStats', { transportId: this.id });
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#off();
    this.emit('closed');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    await this.#worker.closeTransport(this.id);
  }
}

/** A router in a worker, and how peers come to it: an offer in, an answer out. */
export class Router implements Closable {
  readonly id: string;
  readonly #worker: WorkerProcess;
  readonly #producers = new Map<string, PlayableProducer>();

  private constructor(id: string, worker: WorkerProcess) {
    this.id = id;
    this.#worker = worker;
  }

  static async create(worker: WorkerProcess): Promise<Router> {
    const router = new Router(randomId(ID_CHARACTERS), worker);
    await worker.request('createRouter', { routerId: router.id });
    return router;
  }

  /** What can be played now. */
  get producers(): readonly PlayableProducer[] {
    return [...this.#producers.values()];
  }

  /**
   * Takes a publisher's offer. Throws `bad_request` for what is no session
   * description, `not_acceptable` when nothing in it can be taken.
   */
  async publish(offer: string, options: Partial<PublishOptions> = {}): Promise<Session> {
    const publication = negotiatePublication(parsed(offer), {
      codecs: CODEC_NAMES,
      order: 'offer',
      startBitrateKbps: START_BITRATE_KBPS,
      sessionId: newSessionId(),
      ...options,
    });
    const transportId = randomId(ID_CHARACTERS);
    const { remote } = publication;
    const local = await this.#worker.request('createWebRtcTransport', {
      routerId: this.id,
      transportId,
      remote,
    });
    const made: string[] = [];
    try {
      for (const parameters of publication.producers) {
        const producerId = randomId(ID_CHARACTERS);
        await this.#worker.request('produce', { transportId, producerId, parameters });
        this.#producers.set(producerId, { producerId, parameters });
        made.push(producerId);
      }
    } catch (error) {
      for (const producerId of made) this.#producers.delete(producerId);
      await this.#worker.closeTransport(transportId);
      throw error;
    }
    const answer = writeSdp(publication.answer(local));
    const session = new Session(
      transportId,
      answer,
      remote.usernameFragment,
      this.#worker,
      new Map(),
    );
    session.on('closed', () => {
      for (const producerId of made) this.#producers.delete(producerId);
    });
    return session;
  }

  /**
   * Takes a viewer's offer; `whole` as in `PlayOptions`. Throws as `publish` does,
   * and `not_live` when there is nothing to play.
   */
  async play(offer: string, { whole = false } = {}): Promise<Session> {
    if (this.#producers.size === 0) throw new AmphiError('not_live');
    const playback = negotiatePlayback(parsed(offer), this.producers, {
      sessionId: newSessionId(),
      streamId: this.id,
      nextSsrc,
      whole,
    });
    const transportId = randomId(ID_CHARACTERS);
    const { remote } = playback;
    const local = await this.#worker.request('createWebRtcTransport', {
      routerId: this.id,
      transportId,
      remote,
    });
    const consumers = new Map<string, string>();
    const answer = writeSdp(playback.answer(local));
    try {
      for (const { producerId, parameters } of playback.consumers) {
        const consumerId = randomId(ID_CHARACTERS);
        consumers.set(consumerId, producerId);
        await this.#worker.request('consume', { transportId, consumerId, producerId, parameters });
      }
    } catch (error) {
      await this.#worker.closeTransport(transportId);
      throw error;
    }
    return new Session(transportId, answer, remote.usernameFragment, this.#worker, consumers);
  }

  /**
   * A producer's media as access units in this process, for whoever records or
   * transcodes it. Throws `not_found`, and `unsupported_media` for a codec whose
   * units cannot be taken apart.
   */
  async tap(producerId: string): Promise<MediaTap> {
    const producer = this.#producers.get(producerId);
    if (producer === undefined) throw new AmphiError('not_found', `no producer ${producerId}`);
    return MediaTap.open(this.#worker, this.id, producerId, producer.parameters.codec.name);
  }

  /** Media of this process as producers of the router: one for each track, in their order. */
  async feed(tracks: readonly FeedTrack[]): Promise<MediaFeed> {
    const feed = await MediaFeed.open(this.#worker, this.id, tracks);
    for (const producer of feed.producers) this.#producers.set(producer.producerId, producer);
    feed.on('closed', () => {
      for (const { producerId } of feed.producers) this.#producers.delete(producerId);
    });
    return feed;
  }

  async close(): Promise<void> {
    await this.#worker.request('closeRouter', { routerId: this.id });
  }
}

function parsed(offer: string): SessionDescription {
  try {
    return parseSdp(offer);
  } catch (cause) {
    if (!(cause instanceof SdpError)) throw cause;
    throw new AmphiError('bad_request', { detail: cause.message, cause });
  }
}

const newSessionId = (): string =>
  String(crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n).slice(0, 18);

/** RFC 3550 8.1: random; the first few are left to those who count from one. */
function nextSsrc(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.max(value, 256);
}
