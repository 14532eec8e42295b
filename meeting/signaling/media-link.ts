import { AmphiError, isAmphiError, type Logger, messageOf } from '#base';
import {
  MAX_RECEIVING_SECTIONS,
  type RoomMedia as MediaName,
  type RoomCommandInput,
  type RoomNotice,
  type RoomProducer,
  type RoomStream,
} from '#contracts';
import { type NodeClient, RoomMedia } from '#platform';
import { Gate } from './gate.ts';
import { OfferTurns } from './offer-turns.ts';
import { descriptionOrigin } from './sdp-origin.ts';

type Purpose = 'send' | 'receive';

/** What a room hears of its media. */
export interface MediaLinkListener {
  /** Whether this person sends this, as the room knows it: what is off is held back. */
  isOn(stream: RoomStream): boolean;
  /** Whether somebody is in the room. */
  isHere(participantId: string): boolean;
  streamsChanged(streams: RoomStream[]): void;
  /** The client must begin this session anew. */
  sessionLost(participantId: string, purpose: Purpose, reason: string): void;
  speakers(participantIds: string[]): void;
  /** An event no longer shows the room. */
  unstaged(reason: string): void;
  /** The call server has begun anew and knows nothing of a stage. */
  restarted(): void;
}

export interface Answered {
  sdp: string;
  /** Of a session that receives: what each section carries. */
  sections: { mid: string; participantId: string; media: MediaName }[];
}

interface Session {
  sessionId: string;
  /** Tells one RTCPeerConnection from the next; undefined of one that an earlier holder of the room had made. */
  origin: string | undefined;
}

interface Wish {
  width: number;
  height: number;
}

const keyOf = (purpose: Purpose, participantId: string): string => `${purpose} ${participantId}`;
const streamKey = ({ participantId, media }: RoomStream): string => `${participantId} ${media}`;

/** What is worth a section first, where there are too few. */
const ORDER: readonly MediaName[] = ['microphone', 'screen', 'screen-audio', 'camera'];
/** Offers wait so long for a call-server worker that starts again; clients wait longer. */
const READY_WITHIN_MS = 6_000;
/** Tile of full priority: larger ones are not worth more. */
const FULL_PIXELS = 1280 * 720;

/** A room's sessions with the call server: opened when somebody first offers to it. */
export class MediaLink {
  readonly #options: {
    nodes: NodeClient;
    meetingId: string;
    fence: number;
    listener: MediaLinkListener;
    log: Logger;
  };
  #media: Promise<RoomMedia> | undefined;
  readonly #sessions = new Map<string, Session>();
  readonly #producers = new Map<string, RoomProducer>();
  /** By who receives: what is where. */
  readonly #placed = new Map<string, Set<string>>();
  readonly #wishes = new Map<string, Map<string, Wish>>();
  /** By who receives: what they have a section for and may not receive now. */
  readonly #withheld = new Map<string, Set<string>>();
  /** Closed while the call server finds another worker. */
  readonly #ready = new Gate(READY_WITHIN_MS);
  readonly #turns = new OfferTurns();

  constructor(options: {
    nodes: NodeClient;
    meetingId: string;
    fence: number;
    listener: MediaLinkListener;
    log: Logger;
  }) {
    this.#options = options;
  }

  /**
   * Answers an offer; `wanted` is what a receiver may have. Throws the call
   * server's errors, `unavailable` when there is none, `conflict` when a newer
   * offer took its place, and `closed` when who made it has gone.
   */
  offer(
    offer: {
      participantId: string;
      purpose: Purpose;
      sdp: string;
      labels: Record<string, MediaName>;
    },
    wanted: () => RoomStream[],
  ): Promise<Answered> {
    const { participantId, purpose } = offer;
    const { listener } = this.#options;
    return this.#turns.answer(keyOf(purpose, participantId), async () => {
      await this.#ready.passed();
      if (!listener.isHere(participantId)) throw new AmphiError('closed');
      const answered = await (purpose === 'send'
        ? this.#send(offer)
        : this.#receive(offer, wanted));
      // What was made for somebody who has gone meanwhile is nobody's.
      if (!listener.isHere(participantId)) this.closeOf(participantId);
      return answered;
    });
  }

  /** How large somebody shows a stream; remembered until they receive it. */
  want(participantId: string, stream: RoomStream, wish: Wish): void {
    let wishes = this.#wishes.get(participantId);
    if (wishes === undefined) {
      wishes = new Map();
      this.#wishes.set(participantId, wishes);
    }
    wishes.set(streamKey(stream), wish);
    const producer = this.#producerOf(stream);
    const placed = this.#placed.get(participantId);
    // What an earlier holder of the room had placed is not known here: the call server knows.
    if (producer !== undefined && placed?.has(producer.producerId) !== false) {
      this.#tellWish(participantId, producer, wish);
    }
  }

  /**
   * What somebody receives is held back at once where it is not among these;
   * their page is told and offers anew, but need not be waited for.
   */
  limit(participantId: string, streams: readonly RoomStream[]): void {
    const session = this.#sessions.get(keyOf('receive', participantId));
    if (session === undefined) return;
    const { sessionId } = session;
    const may = new Set(streams.map(streamKey));
    const withheld = new Set<string>();
    // What an earlier holder of the room had placed is not known: it may be any of them.
    for (const producerId of this.#placed.get(participantId) ?? this.#producers.keys()) {
      const producer = this.#producers.get(producerId);
      if (producer === undefined || producer.participantId === participantId) continue;
      if (may.has(streamKey(streamOf(producer)))) continue;
      withheld.add(producerId);
      this.#tell('want', { sessionId, producerId, paused: true });
    }
    const before = this.#withheld.get(participantId) ?? new Set();
    this.#withheld.set(participantId, new Set([...before, ...withheld]));
  }

  /** Whether what somebody sends goes on to the others: a mute that holds whatever the client does. */
  setPaused(stream: RoomStream, paused: boolean): void {
    // All of that name: a client of its own making may send several.
    for (const producer of this.#producers.values()) {
      if (streamKey(streamOf(producer)) !== streamKey(stream)) continue;
      this.#tell('pause-producer', { producerId: producer.producerId, paused });
    }
  }

  /** Ends the sessions of somebody who has left. */
  closeOf(participantId: string): void {
    for (const purpose of ['send', 'receive'] as const) {
      const key = keyOf(purpose, participantId);
      const session = this.#sessions.get(key);
      this.#turns.forget(key);
      this.#sessions.delete(key);
      if (session !== undefined) this.#tell('close-session', { sessionId: session.sessionId });
    }
    this.#placed.delete(participantId);
    this.#withheld.delete(participantId);
    this.#wishes.delete(participantId);
    for (const wishes of this.#wishes.values()) {
      for (const media of ORDER) wishes.delete(streamKey({ participantId, media }));
    }
  }

  /** Puts the room on the stage of an event, or changes who is shown. Throws what a publisher is told, and `unavailable`. */
  async stage(plan: RoomCommandInput<'stage'>): Promise<void> {
    const media = await this.#open();
    await media.command('stage', plan);
  }

  async leaveStage(): Promise<void> {
    const media = await this.#media?.catch(() => undefined);
    await media?.command('leave-stage', {});
  }

  /** Takes up what an earlier holder of the room had there. */
  async resume(): Promise<void> {
    await this.#open().catch((error) => this.#debug(error, 'media of the room not found'));
  }

  /** Ends the room on the call server. */
  async end(): Promise<void> {
    this.#turns.close();
    const media = await this.#media?.catch(() => undefined);
    this.#media = undefined;
    await media?.end().catch((error) => this.#debug(error, 'room not ended on the call server'));
  }

  /** Lets go of it: another node goes on with the room. */
  async close(): Promise<void> {
    this.#turns.close();
    const media = await this.#media?.catch(() => undefined);
    await media?.close();
  }

  async #send(offer: {
    participantId: string;
    sdp: string;
    labels: Record<string, MediaName>;
  }): Promise<Answered> {
    const { participantId, sdp, labels } = offer;
    const media = await this.#open();
    const known = await this.#current(media, 'send', participantId, sdp);
    const again = ({ sessionId }: Session) =>
      media.command('renegotiate-sending', { sessionId, offer: sdp, labels });
    const answer =
      (known && (await this.#unlessAnother(media, known, again))) ??
      (await media.command('send', { participantId, offer: sdp, labels }));
    this.#note('send', participantId, answer.sessionId, sdp);
    return { sdp: answer.answer, sections: [] };
  }

  async #receive(
    offer: { participantId: string; sdp: string },
    streams: () => RoomStream[],
  ): Promise<Answered> {
    const { participantId, sdp } = offer;
    const media = await this.#open();
    const known = await this.#current(media, 'receive', participantId, sdp);
    const wanted = this.#wanted(streams());
    const again = ({ sessionId }: Session) =>
      media.command('renegotiate-receiving', { sessionId, offer: sdp, wanted });
    const answer =
      (known && (await this.#unlessAnother(media, known, again))) ??
      (await media.command('receive', { participantId, offer: sdp, wanted }));
    this.#note('receive', participantId, answer.sessionId, sdp);
    this.#placed.set(participantId, new Set(answer.sections.map(({ producerId }) => producerId)));
    const withheld = this.#withheld.get(participantId);
    this.#withheld.delete(participantId);
    // Somebody may have gone to another room while it was answered.
    this.limit(participantId, streams());
    const { sessionId } = answer;
    const sections = answer.sections.flatMap(({ mid, producerId }) => {
      const producer = this.#producers.get(producerId);
      if (producer === undefined || this.#withheld.get(participantId)?.has(producerId)) return [];
      const stream = streamOf(producer);
      const wish = this.#wishes.get(participantId)?.get(streamKey(stream));
      if (wish !== undefined) this.#tellWish(participantId, producer, wish);
      else if (withheld?.has(producerId))
        this.#tell('want', { sessionId, producerId, paused: false });
      return [{ mid, ...stream }];
    });
    return { sdp: answer.answer, sections };
  }

  /** The session of this very RTCPeerConnection; an earlier one's is closed. */
  async #current(
    media: RoomMedia,
    purpose: Purpose,
    participantId: string,
    sdp: string,
  ): Promise<Session | undefined> {
    const key = keyOf(purpose, participantId);
    const known = this.#sessions.get(key);
    if (known === undefined || known.origin === undefined) return known;
    if (known.origin === descriptionOrigin(sdp)) return known;
    this.#sessions.delete(key);
    await this.#close(media, known);
    return undefined;
  }

  /** Undefined, and the session closed, where the offer is of another RTCPeerConnection than the one that an earlier holder had answered. */
  async #unlessAnother<Answer>(
    media: RoomMedia,
    known: Session,
    offer: (known: Session) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      return await offer(known);
    } catch (error) {
      if (!isAmphiError(error, 'ice_restart_unsupported')) throw error;
      await this.#close(media, known);
      return undefined;
    }
  }

  #close(media: RoomMedia, { sessionId }: Session): Promise<unknown> {
    return media
      .command('close-session', { sessionId })
      .catch((error) => this.#debug(error, 'session not closed'));
  }

  #note(purpose: Purpose, participantId: string, sessionId: string, sdp: string): void {
    this.#sessions.set(keyOf(purpose, participantId), {
      sessionId,
      origin: descriptionOrigin(sdp),
    });
  }

  #wanted(streams: readonly RoomStream[]): string[] {
    return [...streams]
      .sort((a, b) => ORDER.indexOf(a.media) - ORDER.indexOf(b.media))
      .flatMap((stream) => this.#producerOf(stream)?.producerId ?? [])
      .slice(0, MAX_RECEIVING_SECTIONS);
  }

  #producerOf({ participantId, media }: RoomStream): RoomProducer | undefined {
    for (const producer of this.#producers.values()) {
      if (producer.participantId === participantId && producer.label === media) return producer;
    }
    return undefined;
  }

  #tellWish(participantId: string, { producerId, kind }: RoomProducer, wish: Wish): void {
    const session = this.#sessions.get(keyOf('receive', participantId));
    if (session === undefined) return;
    const { width, height } = wish;
    const { sessionId } = session;
    const paused = width * height === 0;
    const priority = Math.max(1, Math.min(100, Math.round((100 * width * height) / FULL_PIXELS)));
    const size = kind === 'video' && !paused ? { width, height, priority } : {};
    this.#tell('want', { sessionId, producerId, paused, ...size });
  }

  #tell<Name extends 'want' | 'pause-producer' | 'close-session'>(
    name: Name,
    input: Parameters<RoomMedia['command']>[1],
  ): void {
    this.#media
      ?.then((media) => media.command(name, input as never))
      .catch((error) => this.#debug(error, `call server: no ${name}`));
  }

  #open(): Promise<RoomMedia> {
    if (this.#media !== undefined) return this.#media;
    const { nodes, meetingId, fence, log } = this.#options;
    const opening = RoomMedia.open({ nodes, roomId: meetingId, fence, log }).then((media) => {
      this.#adopt(media);
      return media;
    });
    this.#media = opening;
    opening.catch(() => {
      this.#media = undefined;
    });
    return opening;
  }

  /** What was there before: an earlier holder of the room had it made. */
  #adopt(media: RoomMedia): void {
    for (const producer of media.opened.producers) {
      this.#producers.set(producer.producerId, producer);
    }
    for (const { sessionId, participantId, direction } of media.opened.sessions) {
      const key = keyOf(direction === 'sending' ? 'send' : 'receive', participantId);
      this.#sessions.set(key, { sessionId, origin: undefined });
    }
    media.on('notice', (notice) => this.#onNotice(notice));
    media.on('closed', () => {
      this.#media = undefined;
      this.#ready.open();
      this.#lost('The call server has ended the room');
    });
    if (this.#producers.size > 0) this.#streamsChanged();
  }

  #onNotice(notice: RoomNotice): void {
    const { listener } = this.#options;
    switch (notice.notice) {
      case 'producer-added':
        this.#producers.set(notice.producer.producerId, notice.producer);
        if (!listener.isOn(streamOf(notice.producer))) {
          this.#tell('pause-producer', { producerId: notice.producer.producerId, paused: true });
        }
        this.#streamsChanged();
        break;
      case 'producer-removed':
        if (this.#producers.delete(notice.producerId)) this.#streamsChanged();
        break;
      case 'closed':
        if (notice.reason !== 'owner') this.#sessionClosed(notice.sessionId, notice.reason);
        break;
      case 'lost':
        this.#ready.close();
        this.#lost('The call server was restarted');
        break;
      case 'ready':
        this.#ready.open();
        listener.restarted();
        break;
      case 'stage':
        if (!notice.on) listener.unstaged(notice.reason ?? 'The event has ended it');
        break;
      case 'speakers': {
        const speakers = notice.producerIds.flatMap(
          (id) => this.#producers.get(id)?.participantId ?? [],
        );
        listener.speakers([...new Set(speakers)]);
        break;
      }
    }
  }

  #sessionClosed(sessionId: string, reason: string): void {
    for (const [key, session] of this.#sessions) {
      if (session.sessionId !== sessionId) continue;
      this.#sessions.delete(key);
      const [purpose, participantId = ''] = key.split(' ');
      const why = reason === 'silent' ? 'Nothing was heard any more' : 'The connection has ended';
      this.#options.listener.sessionLost(participantId, purpose as Purpose, why);
    }
  }

  #lost(reason: string): void {
    const lost = [...this.#sessions.keys()];
    this.#sessions.clear();
    this.#placed.clear();
    this.#withheld.clear();
    this.#producers.clear();
    this.#streamsChanged();
    for (const key of lost) {
      const [purpose, participantId = ''] = key.split(' ');
      this.#options.listener.sessionLost(participantId, purpose as Purpose, reason);
    }
  }

  #streamsChanged(): void {
    this.#options.listener.streamsChanged([...this.#producers.values()].map(streamOf));
  }

  #debug(error: unknown, what: string): void {
    // It has gone already, or goes by itself.
    if (isAmphiError(error, 'not_found') || isAmphiError(error, 'closed')) return;
    this.#options.log.debug({ meetingId: this.#options.meetingId, reason: messageOf(error) }, what);
  }
}

const streamOf = ({ participantId, label }: RoomProducer): RoomStream => ({
  participantId,
  media: label,
});
