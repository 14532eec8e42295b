import {
  AmphiError,
  type Closable,
  Emitter,
  isAmphiError,
  type Logger,
  messageOf,
  randomId,
} from '#base';
import type { PublishedProducer, ReceivingSession, SendingSession } from '#callserver';
import {
  MAX_RECEIVING_SECTIONS,
  MAX_ROOM_SESSIONS,
  MAX_SENDING_SECTIONS,
  MAX_SPEAKERS,
  mediaLabelSchema,
  POINTER_CHANNEL,
  ROOM_NOTICES_KEPT,
  ROOM_STATS_MS,
  type RoomCommandOutput,
  type RoomNotice,
  type RoomProducer,
} from '#contracts';
import type { NodeClient } from '#platform';
import { type Branch, Cascade, type Elsewhere } from '../cascade.ts';
import type { WorkerPool } from '../worker-pool.ts';
import type { CommandInput, CommandTable } from './commands.ts';
import { NoticeLog } from './notice-log.ts';
import { type Onlooker, Pointers } from './pointers.ts';
import { RoomStage } from './room-stage.ts';
import { RoomStats } from './room-stats.ts';
import type { SdOrders } from './sd/orders.ts';
import type { Taker } from './sd/rendition.ts';
import { RoomSd, type SdSource } from './sd/room-sd.ts';

/** What everybody decodes. */
const COMMON_CODECS = ['VP8', 'opus'] as const;
/** A sound that is called a camera would go on when its microphone is muted. */
const LABEL_KINDS = {
  microphone: 'audio',
  'screen-audio': 'audio',
  camera: 'video',
  screen: 'video',
} as const satisfies Record<RoomProducer['label'], RoomProducer['kind']>;
/** More voices at once nobody can tell apart. */
const TOP_SPEAKERS = MAX_SPEAKERS;
const INCARNATION_CHARACTERS = 16;
/** What may be said by data channel. An old position is worth nothing. */
const DATA_CHANNELS = { [POINTER_CHANNEL]: { ordered: false, maxRetransmits: 0 } } as const;

export interface RoomOptions {
  roomId: string;
  pool: WorkerPool;
  nodes: NodeClient;
  /** Sessions of one room in one worker before another one is used. */
  maxSessionsPerWorker: number;
  /** Workers of other nodes, for when all of this one take part. */
  elsewhere?: Elsewhere | undefined;
  /** Has the bank make smaller versions; there are none when left out. */
  sdOrders?: SdOrders | undefined;
  log: Logger;
}

interface Peer {
  participantId: string;
  branch: Branch;
  session:
    | { direction: 'sending'; of: SendingSession }
    | { direction: 'receiving'; of: ReceivingSession };
  /** Of one that sends: those that were told of. */
  producers: Map<string, RoomProducer>;
}

type EndReason = Extract<RoomNotice, { notice: 'ended' }>['reason'];

type Events = {
  ended: readonly [reason: EndReason];
};

/** The media of one room: its sessions in one worker or several, and what its owner is told of them. */
export class Room extends Emitter<Events> implements Closable {
  readonly id: string;
  readonly incarnation = randomId(INCARNATION_CHARACTERS);
  readonly notices = new NoticeLog(ROOM_NOTICES_KEPT);
  readonly #options: RoomOptions;
  readonly #cascade: Cascade;
  readonly #peers = new Map<string, Peer>();
  readonly #stats = new RoomStats();
  readonly #stage: RoomStage;
  readonly #pointers: Pointers;
  readonly #sd: RoomSd | undefined;
  readonly #statsTimer: NodeJS.Timeout;
  readonly #offUp: () => void;
  #speakers: readonly string[] = [];
  #beginning = 0;
  #generation = 0;
  #ready = false;
  #ended = false;

  /** What each command of its owner does. */
  readonly commands: CommandTable = {
    open: async () => this.#state(),
    close: async () => {
      await this.end('closed');
      return {};
    },
    send: (input) => this.#send(input),
    'renegotiate-sending': (input) => this.#renegotiateSending(input),
    receive: (input) => this.#receive(input),
    'renegotiate-receiving': (input) => this.#renegotiateReceiving(input),
    want: (input) => this.#want(input),
    'pause-producer': (input) => this.#pauseProducer(input),
    stage: (input) => this.#stage.go(input),
    'leave-stage': async () => {
      await this.#stage.close();
      return {};
    },
    'close-session': async ({ sessionId }) => {
      await this.#peer(sessionId).session.of.close();
      return {};
    },
    stats: async ({ sessionId }) => this.#peer(sessionId).session.of.stats(),
  };

  constructor(options: RoomOptions) {
    super();
    this.id = options.roomId;
    this.#options = options;
    const { pool, maxSessionsPerWorker } = options;
    this.#cascade = new Cascade({
      pool,
      maxSessions: maxSessionsPerWorker,
      topSpeakers: TOP_SPEAKERS,
      elsewhere: options.elsewhere,
    });
    this.#stage = new RoomStage({
      nodes: options.nodes,
      roomId: options.roomId,
      log: options.log,
      producers: () => this.#producers(),
      tap: (producerId) => this.#branchOf(producerId).router.tap(producerId),
      tell: (notice) => this.notices.add(notice),
    });
    this.#pointers = new Pointers({
      cascade: this.#cascade,
      onlookers: () => this.#onlookers(),
      producers: () => this.#producers(),
      participantOf: (sessionId) => this.#peers.get(sessionId)?.participantId,
      log: options.log,
    });
    const { roomId, sdOrders: orders, log } = options;
    this.#sd =
      orders &&
      new RoomSd({
        ...{ roomId, orders, log },
        source: (producerId) => this.#sdSource(producerId),
        taker: (sessionId) => this.#sdTaker(sessionId),
      });
    this.#cascade.on('speakers', (producerIds) => this.#tellSpeakers(producerIds));
    this.#cascade.on('lost', (_branch, others) => this.#onLost(others));
    this.#offUp = pool.on('up', () => this.#makeReady());
    this.#statsTimer = setInterval(() => this.#tellStats(), ROOM_STATS_MS);
  }

  /** Finds a worker for it. When none is up it becomes ready once one is. */
  async begin(): Promise<void> {
    await this.#makeReady();
  }

  get sessions(): number {
    return this.#peers.size;
  }

  async #makeReady(): Promise<void> {
    if (this.#ready || this.#ended) return;
    try {
      const { release } = await this.#cascade.place();
      release();
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'no worker for the room now');
      return;
    }
    if (this.#ready || this.#ended) return;
    this.#ready = true;
    this.#generation++;
    this.notices.add({ notice: 'ready', generation: this.#generation });
  }

  get #log(): Logger {
    return this.#options.log;
  }

  /** A worker has died. Sessions of others go on. */
  #onLost(others: number): void {
    if (others > 0) return;
    for (const sessionId of this.#peers.keys()) this.#stats.forget(sessionId);
    this.#peers.clear();
    this.#sd?.clear();
    this.#speakers = [];
    this.#ready = false;
    this.#log.warn({}, 'room lost with its worker');
    this.notices.add({ notice: 'lost' });
    this.#makeReady();
  }

  #state(): RoomCommandOutput<'open'> {
    return {
      incarnation: this.incarnation,
      generation: this.#generation,
      ready: this.#ready,
      latest: this.notices.latest,
      sessions: [...this.#peers].map(([sessionId, { participantId, session }]) => ({
        sessionId,
        participantId,
        direction: session.direction,
        connected: session.of.connected,
      })),
      producers: this.#producers(),
    };
  }

  #producers(): RoomProducer[] {
    return [...this.#peers.values()].flatMap(({ producers }) => [...producers.values()]);
  }

  *#onlookers(): Generator<Onlooker> {
    for (const { participantId, branch, session } of this.#peers.values()) {
      if (session.direction === 'receiving') yield { participantId, branch, session: session.of };
    }
  }

  /** Where a producer's packets come in. Throws `not_found`. */
  #branchOf(producerId: string): Branch {
    for (const { producers, branch } of this.#peers.values()) {
      if (producers.has(producerId)) return branch;
    }
    throw new AmphiError('not_found', `no producer ${producerId}`);
  }

  #sdSource(producerId: string): SdSource | undefined {
    for (const { producers, branch, session } of this.#peers.values()) {
      const producer = producers.get(producerId);
      if (producer === undefined) continue;
      const { codec, paused } = producer;
      return { codec, paused, session: session.of, tap: () => branch.router.tap(producerId) };
    }
    return undefined;
  }

  #sdTaker(sessionId: string): Taker | undefined {
    const peer = this.#peers.get(sessionId);
    return peer && { session: peer.session.of, branch: peer.branch };
  }

  #peer(sessionId: string): Peer {
    const peer = this.#peers.get(sessionId);
    if (peer === undefined) throw new AmphiError('not_found', `no session ${sessionId}`);
    return peer;
  }

  /** Takes a place, begins a session in it, and watches over it. */
  async #begin(
    participantId: string,
    begin: (branch: Branch) => Promise<Peer['session']>,
  ): Promise<Peer> {
    if (this.#ended) throw new AmphiError('closed', 'the room has ended');
    if (!this.#ready) throw new AmphiError('unavailable', 'the room has no worker now');
    if (this.#peers.size + this.#beginning >= MAX_ROOM_SESSIONS) {
      throw new AmphiError('too_many', `a room has ${MAX_ROOM_SESSIONS} sessions at most`);
    }
    this.#beginning++;
    const { branch, release } = await this.#cascade.place().finally(() => this.#beginning--);
    let session: Peer['session'];
    this.#beginning++;
    try {
      session = await begin(branch);
    } catch (error) {
      release();
      throw error;
    } finally {
      this.#beginning--;
    }
    const { of } = session;
    if (of.closed || this.#ended) {
      release();
      await of.close();
      throw new AmphiError('unavailable', 'the session was lost while it began');
    }
    const peer: Peer = { participantId, branch, session, producers: new Map() };
    this.#peers.set(of.id, peer);
    of.on('connected', () => this.notices.add({ notice: 'connected', sessionId: of.id }));
    of.on('layer', (producerId, rank) => {
      this.#sd?.layer(of.id, producerId, rank);
      this.notices.add({ notice: 'layer', sessionId: of.id, producerId, rank });
    });
    of.on('dataClosed', (_dataProducerId, reason) => {
      if (reason === 'restart') this.#pointers.refresh();
    });
    of.on('closed', (reason) => {
      release();
      this.#forget(of.id, reason);
    });
    return peer;
  }

  #forget(sessionId: string, reason: 'closed' | 'silent' | 'owner' | 'lost'): void {
    const peer = this.#peers.get(sessionId);
    if (peer === undefined) return;
    this.#peers.delete(sessionId);
    this.#stats.forget(sessionId);
    this.#sd?.placed(sessionId, []);
    this.#tellProducers(peer, sessionId, []);
    const { participantId } = peer;
    this.notices.add({ notice: 'closed', sessionId, participantId, reason });
  }

  async #send(input: CommandInput<'send'>): Promise<RoomCommandOutput<'send'>> {
    const { participantId, offer, labels, codecs = COMMON_CODECS } = input;
    const peer = await this.#begin(participantId, async ({ router }) => ({
      direction: 'sending',
      of: await router.publish(offer, {
        several: true,
        order: 'codecs',
        codecs,
        labels,
        kinds: LABEL_KINDS,
        maxSections: MAX_SENDING_SECTIONS,
        dataChannels: DATA_CHANNELS,
      }),
    }));
    return this.#sent(peer);
  }

  #sent(peer: Peer): RoomCommandOutput<'send'> {
    const { session } = peer;
    if (session.direction !== 'sending') throw new AmphiError('conflict', 'it does not send');
    this.#tellProducers(peer, session.of.id, session.of.producers);
    const producers = [...peer.producers.values()];
    return { sessionId: session.of.id, answer: session.of.answer, producers };
  }

  async #renegotiateSending(
    input: CommandInput<'renegotiate-sending'>,
  ): Promise<RoomCommandOutput<'renegotiate-sending'>> {
    const { sessionId, offer, labels, codecs } = input;
    const peer = this.#peer(sessionId);
    const { session } = peer;
    if (session.direction !== 'sending') throw new AmphiError('conflict', 'it does not send');
    await session.of.renegotiate(offer, { labels, ...(codecs === undefined ? {} : { codecs }) });
    return this.#sent(peer);
  }

  /** Tells what has come and gone since the last time. */
  #tellProducers(peer: Peer, sessionId: string, present: readonly PublishedProducer[]): void {
    const { participantId, producers } = peer;
    const ids = new Set(present.map(({ producerId }) => producerId));
    for (const producerId of [...producers.keys()]) {
      if (ids.has(producerId)) continue;
      producers.delete(producerId);
      this.#sd?.gone(producerId);
      this.notices.add({ notice: 'producer-removed', producerId, participantId });
    }
    for (const { producerId, mid, label, parameters } of present) {
      if (producers.has(producerId)) continue;
      const producer: RoomProducer = {
        producerId,
        sessionId,
        participantId,
        mid,
        label: mediaLabelSchema.parse(label),
        kind: parameters.kind,
        codec: parameters.codec.name,
        paused: false,
      };
      producers.set(producerId, producer);
      this.notices.add({ notice: 'producer-added', producer });
    }
    this.#stage.refresh();
    this.#pointers.refresh();
  }

  async #receive(input: CommandInput<'receive'>): Promise<RoomCommandOutput<'receive'>> {
    const { participantId, offer, wanted } = input;
    let left: RoomCommandOutput<'receive'>['left'] = [];
    let sections: RoomCommandOutput<'receive'>['sections'] = [];
    const { session } = await this.#begin(participantId, async (branch) => {
      await this.#cascade.bring(wanted, branch);
      const begun = await branch.router.receive(offer, wanted, {
        maxSections: MAX_RECEIVING_SECTIONS,
        withData: true,
      });
      ({ left, sections } = begun.received);
      return { direction: 'receiving', of: begun.session };
    });
    this.#pointers.refresh();
    return { sessionId: session.of.id, answer: session.of.answer, sections, left };
  }

  async #renegotiateReceiving(
    input: CommandInput<'renegotiate-receiving'>,
  ): Promise<RoomCommandOutput<'renegotiate-receiving'>> {
    const { sessionId, offer, wanted } = input;
    const { session, branch } = this.#peer(sessionId);
    if (session.direction !== 'receiving') throw new AmphiError('conflict', 'it does not receive');
    await this.#cascade.bring(wanted, branch);
    const received = await session.of.renegotiate(offer, wanted);
    this.#pointers.refresh();
    this.#sd?.placed(
      sessionId,
      received.sections.map(({ producerId }) => producerId),
    );
    return { sessionId, ...received };
  }

  async #want(input: CommandInput<'want'>): Promise<Record<string, never>> {
    const { sessionId, producerId, priority, width, height, paused } = input;
    const { of } = this.#peer(sessionId).session;
    const size = width === undefined || height === undefined ? undefined : { width, height };
    await of.want(producerId, { priority, ...size });
    await of.pause(producerId, paused);
    this.#sd?.want(sessionId, producerId, { paused, ...(size && { size }) });
    return {};
  }

  async #pauseProducer(input: CommandInput<'pause-producer'>): Promise<Record<string, never>> {
    const { producerId, paused } = input;
    await this.#branchOf(producerId).worker.request('pauseProducer', { producerId, paused });
    const producer = this.#producers().find((one) => one.producerId === producerId);
    if (producer !== undefined) producer.paused = paused;
    this.#stage.refresh();
    return {};
  }

  /** Who has the floor and who else speaks; which of those is louder changes all the time. */
  #tellSpeakers(all: readonly string[]): void {
    const producerIds = all.slice(0, MAX_SPEAKERS);
    const before = this.#speakers;
    const same =
      producerIds.length === before.length &&
      producerIds[0] === before[0] &&
      producerIds.every((producerId) => before.includes(producerId));
    if (this.#ended || same) return;
    this.#speakers = producerIds;
    this.notices.add({ notice: 'speakers', producerIds });
  }

  async #tellStats(): Promise<void> {
    try {
      const sessions = [];
      for (const { router, worker } of this.#cascade.branches) {
        const summaries = await worker.request('routerSummary', { routerId: router.id });
        const nowMs = performance.now();
        for (const one of summaries) {
          const session = this.#peers.get(one.transportId)?.session;
          if (session?.of.connected !== true) continue;
          sessions.push(this.#stats.summary(one, session.direction === 'sending', nowMs));
        }
      }
      if (sessions.length > 0 && !this.#ended) this.notices.tell({ notice: 'stats', sessions });
    } catch (error) {
      // The worker has gone: that is told of by itself.
      if (!isAmphiError(error, 'closed')) {
        this.#log.debug({ reason: messageOf(error) }, 'no statistics of the room');
      }
    }
  }

  /** Ends all sessions; the last notice says why. */
  async end(reason: EndReason): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#ready = false;
    clearInterval(this.#statsTimer);
    this.#offUp();
    this.#peers.clear();
    await this.#stage.close();
    await this.#sd?.close();
    this.notices.add({ notice: 'ended', reason });
    this.emit('ended', reason);
    await this.#cascade.close();
  }

  close(): Promise<void> {
    return this.end('shutdown');
  }
}
