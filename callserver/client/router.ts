import { AmphiError, type Closable, Emitter, randomId } from '#base';
import { writeSdp } from '#protocol';
import type { Notice } from '../control/messages.ts';
import { negotiatePlayback } from '../negotiation/play.ts';
import { type FeedTrack, MediaFeed } from './media-feed.ts';
import { MediaTap } from './media-tap.ts';
import { newSessionId, nextSsrc, readOffer } from './offer.ts';
import { PlaybackSession } from './playback-session.ts';
import { type Received, ReceivingSession } from './receiving-session.ts';
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

export interface RouterOptions {
  /** Of how many voices the sound is passed on to everybody; 0, of all. */
  topSpeakers?: number;
}

export type RouterEvents = {
  /** Who speaks, the loudest first, whenever that changes; at most ten times a second. */
  speakers: readonly [readonly Speaker[]];
  /** A producer has ended. */
  unpublished: readonly [producerId: string];
};

/** A router in a worker, and how peers come to it: an offer in, an answer out. */
export class Router extends Emitter<RouterEvents> implements Closable, SessionRouter {
  readonly id: string;
  readonly worker: WorkerClient;
  readonly published = new Map<string, PublishedProducer>();
  readonly #off: () => void;

  private constructor(id: string, worker: WorkerClient) {
    super();
    this.id = id;
    this.worker = worker;
    this.#off = worker.on('notice', (notice) => {
      if (notice.notice === 'speakersChanged' && notice.routerId === id) {
        this.emit('speakers', notice.speakers);
      }
    });
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
    maxSections?: number,
  ): Promise<{ session: ReceivingSession; received: Received }> {
    return ReceivingSession.begin(this, offer, wanted, maxSections);
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

  async close(): Promise<void> {
    this.#off();
    await this.worker.request('closeRouter', { routerId: this.id });
  }
}
