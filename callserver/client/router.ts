import { AmphiError, type Closable, Emitter, randomId } from '#base';
import { writeSdp } from '#protocol';
import type { Notice } from '../control/messages.ts';
import type { DataChannelParameters } from '../data-parameters.ts';
import { negotiatePlayback } from '../negotiation/play.ts';
import { DataFeed } from './data-feed.ts';
import { DataTap } from './data-tap.ts';
import { type FeedTrack, MediaFeed } from './media-feed.ts';
import { MediaTap } from './media-tap.ts';
import { newSessionId, nextSsrc, readOffer } from './offer.ts';
import { PlaybackSession } from './playback-session.ts';
import { type Received, type ReceivingOptions, ReceivingSession } from './receiving-session.ts';
import {
  type PublishedProducer,
  type SendingOptions,
  SendingSession,
  type SessionRouter,
} from './sending-session.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;
/** A viewer has no need of more. */
const MAX_PLAY_SECTIONS = 16;

/** Somebody who speaks now. */
export type Speaker = Extract<Notice, { notice: 'speakersChanged' }>['speakers'][number];

/** A channel that a session's peer has opened, or that is fed from here. */
export interface PublishedDataProducer {
  dataProducerId: string;
  /** Of the session, or of the feed. */
  sessionId: string;
  parameters: DataChannelParameters;
  /** It comes from another worker. */
  piped: boolean;
}

export interface RouterOptions {
  /** Of how many voices the sound is passed on to everybody; 0, of all. */
  topSpeakers?: number;
}

export type RouterEvents = {
  /** Who speaks, the loudest first, whenever that changes; at most ten times a second. */
  speakers: readonly [readonly Speaker[]];
  /** A producer has ended. */
  unpublished: readonly [producerId: string];
  /** A peer has opened a data channel, or one is fed from here. */
  dataPublished: readonly [producer: PublishedDataProducer];
  /** A data producer has ended. */
  dataUnpublished: readonly [dataProducerId: string];
};

/** A router in a worker, and how peers come to it: an offer in, an answer out. */
export class Router extends Emitter<RouterEvents> implements Closable, SessionRouter {
  readonly id: string;
  readonly worker: WorkerClient;
  readonly published = new Map<string, PublishedProducer>();
  /** Data producers that can be consumed now, by id. */
  readonly publishedData = new Map<string, PublishedDataProducer>();
  readonly #off: () => void;

  private constructor(id: string, worker: WorkerClient) {
    super();
    this.id = id;
    this.worker = worker;
    this.#off = worker.on('notice', (notice) => this.#onNotice(notice));
  }

  #onNotice(notice: Notice): void {
    if (!('routerId' in notice) || notice.routerId !== this.id) return;
    if (notice.notice === 'speakersChanged') {
      this.emit('speakers', notice.speakers);
    } else if (notice.notice === 'dataProducerOpened') {
      const { dataProducerId, transportId: sessionId, parameters } = notice;
      this.#publishData({ dataProducerId, sessionId, parameters, piped: false });
    } else if (notice.notice === 'dataProducerClosed') {
      const { dataProducerId } = notice;
      if (this.publishedData.delete(dataProducerId)) this.emit('dataUnpublished', dataProducerId);
    }
  }

  #publishData(producer: PublishedDataProducer): void {
    this.publishedData.set(producer.dataProducerId, producer);
    this.emit('dataPublished', producer);
  }

  static async create(worker: WorkerClient, options: RouterOptions = {}): Promise<Router> {
    const router = new Router(randomId(ID_CHARACTERS), worker);
    try {
      await worker.request('createRouter', { routerId: router.id, ...options });
    } catch (error) {
      router.#off();
      throw error;
    }
    return router;
  }

  unpublish(producerId: string): void {
    if (this.published.delete(producerId)) this.emit('unpublished', producerId);
  }

  /** What can be played now. */
  get producers(): readonly PublishedProducer[] {
    return [...this.published.values()];
  }

  /**
   * Takes a publisher's offer. Throws `bad_request` for what is no session
   * description, `limit_exceeded` for one with too many sections, `not_acceptable`
   * when nothing in it can be taken, `too_many` when the worker is full.
   */
  publish(offer: string, options: SendingOptions = {}): Promise<SendingSession> {
    return SendingSession.begin(this, offer, options);
  }

  /**
   * Takes an offer to receive a set of producers that will change, perhaps of none
   * now, by their ids, most important first. Throws as `publish` does.
   */
  receive(
    offer: string,
    wanted: readonly string[],
    options: ReceivingOptions = {},
  ): Promise<{ session: ReceivingSession; received: Received }> {
    return ReceivingSession.begin(this, offer, wanted, options);
  }

  /**
   * Takes the offer of a viewer who gets what there is; `whole` as in
   * `PlayOptions`. `from`: another router of the worker, whose producers are
   * played, and which may end before the session does: that can `move` to others.
   * Throws as `publish` does, and `not_live` when there is nothing to play.
   */
  async play(
    offer: string,
    { whole = false, from = this }: { whole?: boolean; from?: Router } = {},
  ): Promise<PlaybackSession> {
    const { producers } = from;
    if (producers.length === 0) throw new AmphiError('not_live');
    const playback = negotiatePlayback(readOffer(offer, MAX_PLAY_SECTIONS), producers, {
      sessionId: newSessionId(),
      streamId: this.id,
      nextSsrc,
      whole,
    });
    const transportId = randomId(ID_CHARACTERS);
    const { remote } = playback;
    const local = await this.worker.request('createWebRtcTransport', {
      routerId: this.id,
      transportId,
      remote,
    });
    const answer = writeSdp(playback.answer(local));
    const parts = { id: transportId, worker: this.worker, remote, local, answer };
    const session = new PlaybackSession(parts, from !== this);
    try {
      await Promise.all(
        playback.consumers.map(async ({ producerId, parameters }) => {
          const producer = producers.find((one) => one.producerId === producerId);
          if (producer !== undefined) await session.play(producer, parameters, from);
        }),
      );
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  /**
   * A producer's media as access units in this process, for whoever records or
   * transcodes it. Throws `not_found`, and `unsupported_media` for a codec whose
   * units cannot be taken apart.
   */
  async tap(producerId: string): Promise<MediaTap> {
    const producer = this.published.get(producerId);
    if (producer === undefined) throw new AmphiError('not_found', `no producer ${producerId}`);
    return MediaTap.open(this.worker, this.id, producerId, producer.parameters.codec.name);
  }

  /** Media of this process as producers of the router: one for each track, in their order. */
  async feed(tracks: readonly FeedTrack[]): Promise<MediaFeed> {
    const feed = await MediaFeed.open(this.worker, this.id, tracks);
    for (const { producerId, parameters } of feed.producers) {
      const { kind, mid } = parameters;
      const about = { sessionId: feed.transportId, mid, label: kind, streamId: this.id };
      this.published.set(producerId, { producerId, parameters, ...about, piped: false });
    }
    feed.on('closed', () => {
      for (const { producerId } of feed.producers) this.unpublish(producerId);
    });
    return feed;
  }

  /** A data producer's messages in this process. Throws `not_found`. */
  tapData(dataProducerId: string): Promise<DataTap> {
    return DataTap.open(this.worker, this.id, dataProducerId);
  }

  /**
   * Messages of this process as a data producer of the router; `piped` when they
   * are those of another worker's, and then of the same id.
   */
  async feedData(
    parameters: DataChannelParameters,
    piped?: Pick<PublishedDataProducer, 'dataProducerId' | 'sessionId'>,
  ): Promise<DataFeed> {
    const feed = await DataFeed.open(this.worker, this.id, parameters, piped?.dataProducerId);
    const { dataProducerId, transportId } = feed;
    const sessionId = piped?.sessionId ?? transportId;
    this.#publishData({ dataProducerId, sessionId, parameters, piped: piped !== undefined });
    feed.on('closed', () => {
      if (this.publishedData.delete(dataProducerId)) this.emit('dataUnpublished', dataProducerId);
    });
    return feed;
  }

  async close(): Promise<void> {
    this.#off();
    await this.worker.request('closeRouter', { routerId: this.id });
  }
}
