import { AmphiError, type Closable, Emitter } from '#base';
import type { Notice, TransportStats } from '../control/messages.ts';
import type { LocalTransport, RemoteTransport } from '../parameters.ts';
import { type DataEnd, SessionData } from './session-data.ts';
import type { WorkerClient } from './worker-client.ts';

export type SessionEvents = {
  connected: readonly [];
  /** By its peer, because nothing was heard of it, or by its owner; nothing follows. */
  closed: readonly [reason: 'closed' | 'silent' | 'owner' | 'lost'];
  /** Of one that receives: which simulcast stream it gets, 0 being the lowest; -1 while the path bears none. */
  layer: readonly [producerId: string, rank: number];
  /** It no longer gets the messages of a data producer. After a restart its owner may let it have them again. */
  dataClosed: readonly [dataProducerId: string, reason: DataEnd];
};

/** What a session is made of: its transport in a worker, and the first answer. */
export interface SessionParts {
  id: string;
  worker: WorkerClient;
  remote: RemoteTransport;
  local: LocalTransport;
  answer: string;
}

/** One peer of a router: somebody who sends, or somebody who receives. */
export class Session extends Emitter<SessionEvents> implements Closable {
  readonly id: string;
  protected readonly worker: WorkerClient;
  protected remote: RemoteTransport;
  /** Ids of consumers, and of their producers. */
  protected readonly consumers = new Map<string, string>();
  /** What it gets by data channels, where they were agreed on. */
  readonly data: SessionData;
  readonly #off: () => void;
  #local: LocalTransport;
  #answer: string;
  #version = 1;
  #restarts = 0;
  #connected = false;
  #closed = false;
  #negotiating = false;

  constructor({ id, worker, remote, local, answer }: SessionParts) {
    super();
    this.id = id;
    this.worker = worker;
    this.remote = remote;
    this.#local = local;
    this.#answer = answer;
    this.data = new SessionData(worker, id, (dataProducerId, reason) =>
      this.emit('dataClosed', dataProducerId, reason),
    );
    const offNotice = worker.on('notice', (notice) => this.#onNotice(notice));
    const offClosed = worker.on('closed', () => this.#end('lost'));
    this.#off = () => {
      offNotice();
      offClosed();
    };
  }

  /** The answer to the peer's latest offer. */
  get answer(): string {
    return this.#answer;
  }

  /** What tells the peer's ICE session from the one after a restart. */
  get remoteUsernameFragment(): string {
    return this.remote.usernameFragment;
  }

  /** How often its ICE has been restarted. */
  get restarts(): number {
    return this.#restarts;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get closed(): boolean {
    return this.#closed;
  }

  #onNotice(notice: Notice): void {
    switch (notice.notice) {
      case 'transportConnected':
        if (notice.transportId !== this.id) break;
        this.#connected = true;
        this.emit('connected');
        break;
      case 'transportClosed':
        if (notice.transportId === this.id) this.#end(notice.reason);
        break;
      case 'layerChanged': {
        const producerId = this.consumers.get(notice.consumerId);
        if (producerId !== undefined) this.emit('layer', producerId, notice.rank);
        break;
      }
      case 'consumerClosed':
        if (this.consumers.delete(notice.consumerId)) this.consumerClosed(notice.consumerId);
        break;
      case 'dataConsumerClosed':
        if (notice.transportId === this.id) this.data.onNotice(notice);
        break;
      case 'speakersChanged':
      case 'dataProducerOpened':
      case 'dataProducerClosed':
      case 'fault':
        break;
    }
  }

  /** The producer behind one of its consumers has gone. */
  protected consumerClosed(_consumerId: string): void {}

  /**
   * One offer after the other. With other ICE credentials than before it is an
   * ICE restart (RFC 8839 4.4.1.1.1): `agree` gets our side of the transport
   * that awaits the peer then. Throws `conflict` while another one is being
   * answered, `closed`, and `ice_restart_unsupported` for an offer of another
   * peer. When `agree` throws, the session stays as it was.
   */
  protected async negotiate(
    remote: RemoteTransport,
    agree: (version: number, local: LocalTransport) => Promise<string>,
  ): Promise<void> {
    // A peer keeps its certificate for as long as it lives.
    if (remote.fingerprint.value !== this.remote.fingerprint.value) {
      throw new AmphiError('ice_restart_unsupported', 'the offer is of another peer connection');
    }
    await this.#alone(async () => {
      const restarts = !isSame(remote, this.remote);
      const local = restarts ? await this.#await(remote) : this.#local;
      this.#answer = await agree(this.#version + 1, local);
      this.#version++;
      if (restarts) this.#restarted(remote, local);
    });
  }

  /**
   * Awaits the peer under new ICE credentials and as a new DTLS association;
   * what it sends and receives goes on when it comes. Resolves with our side of
   * it. Throws `conflict` and `closed` as `negotiate` does.
   */
  restart(remote: RemoteTransport): Promise<LocalTransport> {
    return this.#alone(async () => {
      const local = await this.#await(remote);
      this.#restarted(remote, local);
      return local;
    });
  }

  #await(remote: RemoteTransport): Promise<LocalTransport> {
    return this.worker.request('restartTransport', { transportId: this.id, remote });
  }

  #restarted(remote: RemoteTransport, local: LocalTransport): void {
    // Data channels are agreed on once.
    const { sctp } = this.remote;
    this.remote = sctp === undefined ? remote : { ...remote, sctp };
    this.#local = local;
    this.#restarts++;
  }

  /** One thing is agreed on after the other. */
  async #alone<T>(agree: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new AmphiError('closed', `session ${this.id} has ended`);
    if (this.#negotiating) throw new AmphiError('conflict', 'another offer is being answered');
    this.#negotiating = true;
    let agreed: T;
    try {
      agreed = await agree();
    } finally {
      this.#negotiating = false;
    }
    if (this.#closed) throw new AmphiError('closed', `session ${this.id} has ended`);
    return agreed;
  }

  /** At most this simulcast stream and temporal layer, by rank from 0, for all that it plays. */
  async preferLayers(maxRank: number, maxTemporal: number): Promise<void> {
    for (const consumerId of this.consumers.keys()) {
      await this.worker.request('preferLayers', { consumerId, maxRank, maxTemporal });
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
    const consumerId = this.#consumerOf(producerId);
    await this.worker.request('wantConsumer', { consumerId, ...wanted });
  }

  /** Stops what comes of a producer, or lets it go on. Throws as `want` does. */
  async pause(producerId: string, paused: boolean): Promise<void> {
    const consumerId = this.#consumerOf(producerId);
    await this.worker.request('pauseConsumer', { consumerId, paused });
  }

  /**
   * Another version of a producer's picture takes the place of it, or the producer
   * itself again: of the same worker, kind and codec. To its owner it stays the
   * producer that it was. Throws `not_found`, also for a version that has gone.
   */
  async divert(producerId: string, to: { producerId: string; routerId: string }): Promise<void> {
    const consumerId = this.#consumerOf(producerId);
    await this.worker.request('switchConsumer', { consumerId, ...to });
  }

  #consumerOf(producerId: string): string {
    for (const [consumerId, producer] of this.consumers) {
      if (producer === producerId) return consumerId;
    }
    throw new AmphiError('not_found', `no consumer of ${producerId}`);
  }

  stats(): Promise<TransportStats> {
    return this.worker.request('transportStats', { transportId: this.id });
  }

  #end(reason: SessionEvents['closed'][0]): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#off();
    this.emit('closed', reason);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end('owner');
    await this.worker.closeTransport(this.id);
  }
}

const isSame = (a: RemoteTransport, b: RemoteTransport): boolean =>
  a.usernameFragment === b.usernameFragment &&
  a.password === b.password &&
  a.fingerprint.value === b.fingerprint.value;
