import { AmphiError, messageOf, randomId } from '#base';
import { DataPlane } from '../channels/data-plane.ts';
import type {
  Notice,
  PipeEnd,
  RequestInput,
  RequestOutput,
  TransportStats,
  TransportSummary,
  WorkerSettings,
} from '../control/messages.ts';
import type { Consumer } from '../core/consumer.ts';
import type { Producer } from '../core/producer.ts';
import { Transport, type TransportOwner, type Wire } from '../core/transport.ts';
import type { DataMessage } from '../data-parameters.ts';
import { PeerClock } from '../packet/sender-clock.ts';
import type { LocalTransport } from '../parameters.ts';
import { SpeakerBoard } from '../speakers/speaker-board.ts';
import { Bridges } from './bridges.ts';
import { hostCandidates } from './candidates.ts';
import { nowMs, nowUs } from './clock.ts';
import { bindPort, type LocalCredentials } from './native-peer.ts';
import { PipeSocket, type PipeWire } from './pipe-socket.ts';
import { PlainWire } from './plain-wire.ts';
import type { Router } from './router.ts';
import { statsOf } from './stats.ts';
import { summaryOf } from './summary.ts';
import { WebRtcWire } from './webrtc-wire.ts';

/** Every wake-up of the native side costs by the number of its peers. */
const MAX_PEERS = 300;
/** Each has a port of its own. */
const MAX_PLAIN = 32;
const ANY_LOCAL_PORT = { address: '127.0.0.1', port: 0 };
const TICK_MS = 20;
/** Transports that only send have less to do. */
const SLOW_TICK_EVERY = 5;
/** How finely paced packets are spread. */
const DRAIN_MS = 4;
const CNAME_CHARACTERS = 16;

interface Entry {
  transport: Transport;
  router: Router;
  /** Of a direct transport; -1 otherwise. */
  handle: number;
  /** Of a WebRTC transport. */
  webRtc?: WebRtcWire;
  pipe: PipeWire | undefined;
}

/** Everything that one worker process holds, and the ids by which its owner speaks of it. */
export class Worker {
  readonly #notify: (notice: Notice) => void;
  readonly #sendPacket: (handle: number, packet: Uint8Array) => boolean;
  readonly #routers = new Map<string, Router>();
  readonly #transports = new Map<string, Entry>();
  readonly #direct = new Map<number, Transport>();
  readonly #producers = new Map<string, { producer: Producer; entry: Entry }>();
  readonly #consumers = new Map<string, { consumer: Consumer; transport: Transport }>();
  /** Data channels of all transports. */
  readonly data: DataPlane;
  /** Transports with packets that wait, or with a probe. */
  readonly #busy = new Set<Transport>();
  #settings: WorkerSettings | undefined;
  readonly #bridges: Bridges;
  #pipes: Promise<PipeSocket> | undefined;
  #plain = 0;
  #nextHandle = 1;
  #ticks = 0;

  constructor(
    notify: (notice: Notice) => void,
    sendPacket: (handle: number, packet: Uint8Array) => boolean,
    sendData: (handle: number, message: DataMessage) => boolean,
  ) {
    this.#notify = notify;
    this.#sendPacket = sendPacket;
    this.data = new DataPlane({ notify, send: sendData, nowMs });
    this.#bridges = new Bridges((error) => this.#fault(error));
  }

  async configure(settings: WorkerSettings): Promise<void> {
    if (this.#settings !== undefined) throw new AmphiError('conflict', 'configured already');
    try {
      bindPort(settings.port, settings.bindAddress);
    } catch (cause) {
      const detail = `UDP port ${settings.port} cannot be bound: ${messageOf(cause)}`;
      throw new AmphiError('conflict', { detail, cause });
    }
    this.#settings = settings;
    setInterval(() => this.#tick(), TICK_MS);
    await this.#bridges.open(settings);
  }

  /** What this worker does, all transports together. */
  workerStats(): RequestOutput<'workerStats'> {
    return { peers: this.#peers, ...this.#bridges.stats() };
  }

  get #peers(): number {
    let sum = 0;
    for (const { webRtc } of this.#transports.values()) if (webRtc !== undefined) sum++;
    return sum;
  }

  #tick(): void {
    const [ms, us] = [nowMs(), nowUs()];
    const slow = this.#ticks++ % SLOW_TICK_EVERY === 0;
    for (const { transport } of this.#transports.values()) {
      if (!slow && transport.producers.size === 0) continue;
      try {
        transport.tick(ms, us);
      } catch (error) {
        this.#fault(error);
      }
    }
    if (slow) this.#tellSpeakers(ms);
  }

  #tellSpeakers(ms: number): void {
    for (const { id: routerId, speakers: board } of this.#routers.values()) {
      const speakers = board.judge(ms);
      if (speakers !== undefined) {
        this.#notify({ notice: 'speakersChanged', routerId, speakers: [...speakers] });
      }
    }
  }

  /** One timer for all that waits, and none while nothing does. */
  #drainSoon(transport: Transport): void {
    if (this.#busy.size === 0) setTimeout(() => this.#drain(), DRAIN_MS);
    this.#busy.add(transport);
  }

  #drain(): void {
    const [ms, us] = [nowMs(), nowUs()];
    for (const transport of this.#busy) {
      try {
        if (!transport.drain(ms, us)) this.#busy.delete(transport);
      } catch (error) {
        this.#busy.delete(transport);
        this.#fault(error);
      }
    }
    if (this.#busy.size > 0) setTimeout(() => this.#drain(), DRAIN_MS);
  }

  #fault(error: unknown): void {
    this.#notify({ notice: 'fault', message: messageOf(error) });
  }

  createRouter({ routerId, topSpeakers = 0 }: RequestInput<'createRouter'>): void {
    if (this.#routers.has(routerId)) throw new AmphiError('conflict', `router ${routerId} exists`);
    this.#routers.set(routerId, {
      id: routerId,
      transports: new Set(),
      producers: new Map(),
      dataProducers: new Map(),
      speakers: new SpeakerBoard(topSpeakers),
    });
  }

  closeRouter(routerId: string): void {
    const router = this.#routers.get(routerId);
    if (router === undefined) return;
    for (const transport of [...router.transports]) this.closeTransport(transport.id);
    this.#routers.delete(routerId);
  }

  createWebRtcTransport(input: RequestInput<'createWebRtcTransport'>): LocalTransport {
    const { transportId } = input;
    const settings = this.#settings;
    if (settings === undefined) throw new AmphiError('conflict', 'not configured yet');
    const router = this.#router(input.routerId);
    this.#mustBeNew(transportId);
    this.#mustHaveRoom();
    const webRtc = new WebRtcWire(
      {
        id: transportId,
        port: settings.port,
        bindAddress: settings.bindAddress,
        expected: this.#bridges.expected,
        onPacket: (packet) => entry.transport.receive(packet, nowMs(), nowUs()),
        onConnected: () => {
          entry.transport.opened(nowMs());
          this.#notify({ notice: 'transportConnected', transportId });
        },
        onRestarted: () => this.#restarted(entry.transport),
        onLost: (reason) => this.#lose(transportId, reason),
        onChannel: (channel) => this.data.peerOpened(transportId, channel),
        onFault: (error) => this.#fault(error),
      },
      input.remote,
    );
    const entry = this.#add(router, transportId, webRtc);
    entry.webRtc = webRtc;
    if (input.remote.sctp !== undefined) {
      const open = webRtc.openChannel.bind(webRtc);
      this.data.attach(transportId, router, { rules: input.dataChannels, open });
    }
    return this.#localOf(webRtc.local, settings);
  }

  /** Awaits the peer of a WebRTC transport under new ICE credentials; what stands on the transport stays. */
  restartTransport({ transportId, remote }: RequestInput<'restartTransport'>): LocalTransport {
    const { webRtc } = this.#entry(transportId);
    if (webRtc === undefined || this.#settings === undefined) {
      throw new AmphiError('bad_request', `${transportId} is no WebRTC transport`);
    }
    return this.#localOf(webRtc.restart(remote), this.#settings);
  }

  /** What was lost meanwhile may be more than can be repaired. */
  #restarted(transport: Transport): void {
    transport.opened(nowMs());
    this.data.restarted(transport.id);
    for (const consumer of transport.consumers.values()) consumer.requestKeyFrame(nowMs());
    this.#notify({ notice: 'transportConnected', transportId: transport.id });
  }

  #mustHaveRoom(): void {
    if (this.#peers >= MAX_PEERS) throw new AmphiError('too_many', 'this worker is full');
  }

  #localOf(credentials: LocalCredentials, settings: WorkerSettings): LocalTransport {
    const { announcedAddresses, port, announcedPort = port } = settings;
    const candidates = hostCandidates(announcedAddresses, announcedPort, {
      tcp: this.#bridges.tcp,
      relayPort: this.#bridges.relayPort,
    });
    return { ...credentials, candidates };
  }

  createDirectTransport(input: RequestInput<'createDirectTransport'>): { handle: number } {
    const router = this.#router(input.routerId);
    this.#mustBeNew(input.transportId);
    const handle = this.#nextHandle++;
    const wire: Wire = {
      open: true,
      send: (packet) => this.#sendPacket(handle, packet),
      close: () => this.#direct.delete(handle),
    };
    // Its owner's clock is ours.
    const about = { handle, clock: new PeerClock(0) };
    const { transport } = this.#add(router, input.transportId, wire, about);
    this.#direct.set(handle, transport);
    this.data.attach(input.transportId, router);
    return { handle };
  }

  async createPlainTransport(
    input: RequestInput<'createPlainTransport'>,
  ): Promise<{ address: string; port: number }> {
    const { routerId, transportId, bind = ANY_LOCAL_PORT, remote } = input;
    this.#router(routerId);
    this.#mustBeNew(transportId);
    if (this.#plain >= MAX_PLAIN) {
      throw new AmphiError('too_many', `${MAX_PLAIN} plain transports are open here`);
    }
    this.#plain++;
    let wire: PlainWire;
    try {
      wire = await PlainWire.open({
        bind,
        remote,
        onPacket: (packet) => entry.transport.receive(packet, nowMs(), nowUs()),
        onOpen: () => entry.transport.opened(nowMs()),
      });
    } catch (error) {
      this.#plain--;
      throw error;
    }
    const counted: Wire = {
      get open() {
        return wire.open;
      },
      send: (packet) => wire.send(packet),
      close: () => {
        this.#plain--;
        wire.close();
      },
    };
    let entry: Entry;
    try {
      // The router may have gone while the port was opened.
      this.#mustBeNew(transportId);
      entry = this.#add(this.#router(routerId), transportId, counted);
    } catch (error) {
      counted.close();
      throw error;
    }
    return wire.local;
  }

  async createPipeTransport(input: RequestInput<'createPipeTransport'>): Promise<PipeEnd> {
    const { routerId, transportId } = input;
    this.#router(routerId);
    this.#mustBeNew(transportId);
    const socket = await this.#pipeSocket();
    // Both may have changed while the socket was opened.
    const router = this.#router(routerId);
    this.#mustBeNew(transportId);
    const { wire, local } = socket.create((packet) =>
      entry.transport.receive(packet, nowMs(), nowUs()),
    );
    const entry = this.#add(router, transportId, wire, { pipe: wire });
    return local;
  }

  /** At the first pipe: most workers have none. */
  #pipeSocket(): Promise<PipeSocket> {
    const settings = this.#settings;
    if (settings === undefined) throw new AmphiError('conflict', 'not configured yet');
    const { bindAddress, announcedAddresses } = settings;
    const [announcedAddress = bindAddress] = announcedAddresses;
    this.#pipes ??= PipeSocket.open(settings.pipes ?? { bindAddress, announcedAddress, port: 0 });
    this.#pipes.catch(() => {
      this.#pipes = undefined;
    });
    return this.#pipes;
  }

  connectPipeTransport(input: RequestInput<'connectPipeTransport'>): void {
    const { transport, pipe } = this.#entry(input.transportId);
    if (pipe === undefined) throw new AmphiError('conflict', 'this transport is no pipe');
    pipe.connect(input.remote, input.secret);
    transport.opened(nowMs());
  }

  /** A packet of the owner's for one of its direct transports. */
  receivePacket(handle: number, packet: Buffer): void {
    this.#direct.get(handle)?.receive(packet, nowMs(), nowUs());
  }

  #add(
    router: Router,
    transportId: string,
    wire: Wire,
    { handle = -1, pipe, clock }: { handle?: number; pipe?: PipeWire; clock?: PeerClock } = {},
  ): Entry {
    const owner: TransportOwner = {
      consumerClosed: (consumerId) => {
        this.#consumers.delete(consumerId);
        this.#notify({ notice: 'consumerClosed', consumerId });
      },
      layerChanged: (consumerId, rank) =>
        this.#notify({ notice: 'layerChanged', consumerId, rank }),
      silent: () => {
        if (entry.webRtc === undefined) this.#lose(transportId, 'silent');
        else entry.webRtc.silent();
      },
      busy: () => this.#drainSoon(transport),
    };
    const cname = randomId(CNAME_CHARACTERS);
    const transport: Transport = new Transport(transportId, wire, cname, owner, {
      pipe: pipe !== undefined,
      ...(clock === undefined ? {} : { clock }),
    });
    const entry: Entry = { transport, router, handle, pipe };
    this.#transports.set(transportId, entry);
    router.transports.add(transport);
    return entry;
  }

  #mustBeNew(transportId: string): void {
    if (this.#transports.has(transportId)) {
      throw new AmphiError('conflict', `transport ${transportId} exists`);
    }
  }

  #lose(transportId: string, reason: 'closed' | 'silent'): void {
    if (!this.#transports.has(transportId)) return;
    this.closeTransport(transportId);
    this.#notify({ notice: 'transportClosed', transportId, reason });
  }

  closeTransport(transportId: string): void {
    const entry = this.#transports.get(transportId);
    if (entry === undefined) return;
    const { transport, router } = entry;
    this.#transports.delete(transportId);
    router.transports.delete(transport);
    for (const producerId of transport.producers.keys()) {
      this.#producers.delete(producerId);
      router.producers.delete(producerId);
      router.speakers.remove(producerId);
    }
    for (const consumerId of transport.consumers.keys()) this.#consumers.delete(consumerId);
    this.data.detach(transportId);
    transport.close();
  }

  produce({ transportId, producerId, parameters }: RequestInput<'produce'>): void {
    const entry = this.#entry(transportId);
    if (this.#producers.has(producerId)) {
      throw new AmphiError('conflict', `producer ${producerId} exists`);
    }
    const producer = entry.transport.produce(producerId, parameters);
    this.#producers.set(producerId, { producer, entry });
    entry.router.producers.set(producerId, producer);
    // Who does not tell levels is always passed on.
    if (producer.kind === 'audio' && parameters.extensions.audioLevel !== undefined) {
      const { speakers } = entry.router;
      speakers.add(producerId);
      producer.hearing = (byte, ms) => speakers.hear(producerId, byte, ms);
    }
  }

  closeProducer(producerId: string): void {
    const found = this.#producers.get(producerId);
    if (found === undefined) return;
    this.#producers.delete(producerId);
    found.entry.router.producers.delete(producerId);
    found.entry.router.speakers.remove(producerId);
    found.entry.transport.closeProducer(found.producer);
  }

  pauseProducer(producerId: string, paused: boolean): void {
    const { producer } = this.#known(this.#producers, producerId, 'producer');
    producer.paused = paused;
    if (!paused) for (const consumer of producer.consumers) consumer.requestKeyFrame(nowMs());
  }

  consume(input: RequestInput<'consume'>): void {
    const { transport, router } = this.#entry(input.transportId);
    const from = input.routerId === undefined ? router : this.#router(input.routerId);
    const producer = this.#known(from.producers, input.producerId, 'producer');
    if (this.#consumers.has(input.consumerId)) {
      throw new AmphiError('conflict', `consumer ${input.consumerId} exists`);
    }
    const consumer = transport.consume(input.consumerId, producer, input.parameters, nowMs());
    this.#consumers.set(input.consumerId, { consumer, transport });
  }

  switchConsumer({ consumerId, producerId, routerId }: RequestInput<'switchConsumer'>): void {
    const consumer = this.#consumer(consumerId);
    const producer = this.#known(this.#router(routerId).producers, producerId, 'producer');
    if (producer.parameters.codec.name !== consumer.producer.parameters.codec.name) {
      throw new AmphiError('not_acceptable', 'the receiver has agreed on another codec');
    }
    consumer.follow(producer, nowMs());
  }

  preferLayers({ consumerId, maxRank, maxTemporal }: RequestInput<'preferLayers'>): void {
    this.#consumer(consumerId).prefer(maxRank, maxTemporal, nowMs());
  }

  want({ consumerId, ...wanted }: RequestInput<'wantConsumer'>): void {
    const { priority, width, height } = wanted;
    const size = width === undefined || height === undefined ? {} : { width, height };
    this.#consumer(consumerId).want({ priority, ...size }, nowMs());
  }

  pauseConsumer(consumerId: string, paused: boolean): void {
    const consumer = this.#consumer(consumerId);
    if (paused) consumer.pause();
    else consumer.resume(nowMs());
  }

  requestKeyFrame(consumerId: string): void {
    this.#consumer(consumerId).requestKeyFrame(nowMs());
  }

  closeConsumer(consumerId: string): void {
    const found = this.#consumers.get(consumerId);
    if (found === undefined) return;
    this.#consumers.delete(consumerId);
    found.transport.closeConsumer(found.consumer);
  }

  summary(routerId: string): TransportSummary[] {
    const ms = nowMs();
    return [...this.#router(routerId).transports].map((transport) => summaryOf(transport, ms));
  }

  stats(transportId: string): TransportStats {
    const stats = statsOf(this.#entry(transportId).transport, nowMs());
    const data = this.data.stats(transportId);
    return data === undefined ? stats : { ...stats, data };
  }

  #router(routerId: string): Router {
    return this.#known(this.#routers, routerId, 'router');
  }

  #entry(transportId: string): Entry {
    return this.#known(this.#transports, transportId, 'transport');
  }

  #consumer(consumerId: string): Consumer {
    return this.#known(this.#consumers, consumerId, 'consumer').consumer;
  }

  #known<T>(map: ReadonlyMap<string, T>, id: string, what: string): T {
    const found = map.get(id);
    if (found === undefined) throw new AmphiError('not_found', `no ${what} ${id}`);
    return found;
  }
}
