import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  AmphiError,
  type Closable,
  Disposer,
  isAmphiError,
  type Logger,
  retry,
  systemClock,
} from '#base';
import type { Config } from '#config';
import {
  FEED_BASE_HEADER,
  FEED_CLOCK_HEADER,
  type IngestCommand,
  ingestCommandSchema,
  type PublicationOpening,
  type PublishGrant,
  type PublishRequest,
  publishGrantSchema,
  TRANSCODE_QUEUE,
  type TranscodeJob,
} from '#contracts';
import {
  bearerOf,
  type Metrics,
  type NodeClient,
  openQueue,
  type Queue,
  type Redis,
  readJson,
  sendJson,
  sha256Hex,
  type TokenIssuer,
} from '#platform';
import { Holdings } from './holdings.ts';
import { ingestMetrics, newCounters } from './metrics.ts';
import { SlateMaker } from './program/slate.ts';
import { RtmpListener, type RtmpListenerOptions } from './rtmp/listener.ts';
import type { PublishCommand } from './rtmp/parser.ts';
import type { Publisher, PublisherSink } from './rtmp/session.ts';
import type { Source } from './source/source.ts';
import { type Admission, receivePublication } from './whip/receiver.ts';

export interface IngestDeps {
  config: Config;
  redis: Redis;
  nodeId: string;
  nodes: NodeClient;
  tokens: TokenIssuer;
  metrics: Metrics;
  log: Logger;
}

/**
 * A publisher that was not heard for so long is taken for dead, though its
 * connection looks open (a cable was pulled, an encoder changed networks): a
 * second one with its key then takes its place even where seconds are refused.
 */
const DEAD_AFTER_MS = 2_000;
/** Longer than any question about a key takes. */
const DROP_MEMORY_MS = 60_000;
const RTMP_APP = 'live';

/** Asking the API node about a stream key: it may be restarting. */
const AUTHORIZE_RETRY = { baseMs: 150, capMs: 1_000, jitter: 0.3, attempts: 8 };

/**
 * The input manager of this node: takes publishers, gives transcoders their
 * feeds, and does what the API says.
 */
export class IngestService implements Closable {
  readonly #deps: IngestDeps;
  readonly #events: Holdings;
  readonly #listeners: RtmpListener[] = [];
  readonly #counters = newCounters();
  /** Monotonic time at which publishers of a source, or of an event, were last sent away: a key that was asked about before no longer counts. */
  readonly #droppedAtMs = new Map<string, number>();
  readonly #disposer = new Disposer();
  readonly #abort = new AbortController();

  private constructor(deps: IngestDeps, queue: Queue<TranscodeJob>) {
    this.#deps = deps;
    const slates = new SlateMaker(join(deps.config.dataDir, 'slates'), deps.log);
    this.#events = this.#disposer.add(
      new Holdings({ ...deps, slates, queue, counters: this.#counters }),
    );
    ingestMetrics(deps.metrics, {
      counters: this.#counters,
      listeners: this.#listeners,
      held: () => this.#events.all,
    });
  }

  /** Takes up the runs of a predecessor and opens the listeners. Rejects when a port is taken. */
  static async start(deps: IngestDeps): Promise<IngestService> {
    const service = new IngestService(deps, await openQueue(TRANSCODE_QUEUE, deps.redis));
    await service.#events.start();
    await service.#listen();
    return service;
  }

  /** Calls from other nodes: `GET /feed/{eventId}/{runId}`, `POST /control/{eventId}` and `POST /publication`. */
  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const url = new URL(req.url ?? '/', 'http://node');
    const [, kind, eventId, runId] = url.pathname.split('/');
    await this.#deps.tokens.verify('node', bearerOf(req.headers.authorization));
    if (req.method === 'GET' && kind === 'feed' && eventId && runId) {
      this.#feed(res, eventId, runId, url.searchParams.get('from'));
    } else if (req.method === 'POST' && kind === 'control' && eventId) {
      this.#command(eventId, await readJson(req, ingestCommandSchema));
      sendJson(res, {});
    } else if (req.method === 'POST' && kind === 'publication') {
      await receivePublication(req, res, this.#admitWebRtc, this.#deps.log);
    } else {
      throw new AmphiError('not_found');
    }
  };

  async close(): Promise<void> {
    this.#abort.abort(new AmphiError('closed'));
    await this.#disposer.close();
  }

  async #listen(): Promise<void> {
    const { config, log } = this.#deps;
    const common = {
      host: config.host,
      maxConnections: config.rtmp.maxConnections,
      maxConnectionsPerAddress: config.rtmp.maxConnectionsPerAddress,
      authorize: this.#decide,
      log,
    };
    await this.#open({ ...common, port: config.rtmp.port });
    const { tlsCert, tlsKey } = config.http;
    if (tlsCert === undefined || tlsKey === undefined) return;
    const tls = { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
    await this.#open({ ...common, port: config.rtmp.tlsPort, tls });
  }

  async #open(options: RtmpListenerOptions): Promise<void> {
    this.#listeners.push(this.#disposer.add(await RtmpListener.open(options)));
  }

  readonly #decide = async (
    command: PublishCommand,
    publisher: Publisher,
  ): Promise<PublisherSink> => (await this.#counted(this.#admitRtmp(command, publisher))).sink;

  async #counted(admission: Promise<Admission>): Promise<Admission> {
    const { publishes } = this.#counters;
    try {
      const admitted = await admission;
      publishes.accepted++;
      return admitted;
    } catch (error) {
      publishes.refused++;
      throw error;
    }
  }

  async #admitRtmp(command: PublishCommand, publisher: Publisher): Promise<Admission> {
    if (command.app.replace(/\/+$/, '') !== RTMP_APP) {
      throw new AmphiError('unauthorized', `unknown application; publish to /${RTMP_APP}`);
    }
    const credential = { keyHash: sha256Hex(command.name.split('?')[0] ?? '') };
    return this.#admit({ credential, remoteAddress: publisher.remoteAddress }, publisher);
  }

  readonly #admitWebRtc = (
    opening: PublicationOpening,
    publisher: Publisher,
  ): Promise<Admission> => {
    const { credential, remoteAddress, eventId, sourceId } = opening;
    const request = { credential, remoteAddress, eventId, ...(sourceId && { sourceId }) };
    return this.#counted(this.#admit(request, publisher));
  };

  async #admit(request: PublishRequest, publisher: Publisher): Promise<Admission> {
    const askedAtMs = performance.now();
    const { sourceId, event } = await this.#askApi(request);
    const { eventId } = event;
    const held = await this.#events.hold(event);
    await this.#vacate(held.program.source(sourceId));
    // After the waits: the key may have been changed, the event may have gone elsewhere.
    if ((this.#droppedAtMs.get(sourceKey(sourceId)) ?? 0) > askedAtMs) {
      throw new AmphiError('unauthorized', 'the stream key has just been changed');
    }
    if ((this.#droppedAtMs.get(eventKey(eventId)) ?? 0) > askedAtMs) {
      throw new AmphiError('conflict', 'the event has just been ended');
    }
    if (this.#events.get(eventId) !== held) {
      throw new AmphiError('unavailable', 'the event moves to another server; try again');
    }
    const sink = held.program.source(sourceId).attach(publisher);
    const { remoteAddress } = publisher;
    const { board } = this.#events;
    this.#deps.log.info({ eventId, sourceId, remoteAddress }, 'source connected');
    board.record({ type: 'source.connected', eventId, sourceId, at: Date.now() });
    this.#events.announce(held);
    const onEnd = (reason: string) => {
      sink.onEnd(reason);
      board.record({ type: 'source.disconnected', eventId, sourceId, at: Date.now(), reason });
    };
    return { eventId, sourceId, sink: { ...sink, onEnd } };
  }

  /** Makes sure that the source may have a new publisher. Throws `source_busy`. */
  async #vacate(source: Source): Promise<void> {
    if (this.#deps.config.rtmp.secondPublisher === 'takeover') return;
    for (;;) {
      const { heardMs } = source;
      if (heardMs === undefined) return;
      const leftMs = DEAD_AFTER_MS - (systemClock.monotonicMs() - heardMs);
      if (leftMs <= 0) return;
      if (await source.isHeardWithin(leftMs)) {
        throw new AmphiError('source_busy', 'somebody already publishes with this key');
      }
    }
  }

  #askApi(body: PublishRequest): Promise<PublishGrant> {
    return retry(
      AUTHORIZE_RETRY,
      async () =>
        publishGrantSchema.parse(await this.#deps.nodes.call('api', '/internal/publish', { body })),
      {
        signal: this.#abort.signal,
        retryable: (error) => isAmphiError(error, 'unavailable') || !isAmphiError(error),
      },
    );
  }

  #feed(res: ServerResponse, eventId: string, runId: string, from: string | null): void {
    const run = this.#events.get(eventId)?.program.run;
    if (run === undefined || run.runId !== runId) {
      throw new AmphiError('not_live', `run ${runId} of event ${eventId} is not here`);
    }
    res.writeHead(200, {
      'content-type': 'video/x-flv',
      [FEED_BASE_HEADER]: String(run.feed.baseUs),
      [FEED_CLOCK_HEADER]: String(Math.round(systemClock.nowUs())),
    });
    const unsubscribe = run.feed.subscribe(
      {
        write: (bytes) => {
          res.write(bytes);
        },
        get backlogBytes() {
          return res.writableLength;
        },
        end: () => {
          res.end();
        },
        abort: () => {
          res.destroy();
        },
      },
      from === null ? undefined : Number(from),
    );
    res.on('close', unsubscribe);
  }

  #noteDrop(whom: string): void {
    const nowMs = performance.now();
    for (const [id, atMs] of this.#droppedAtMs) {
      if (nowMs - atMs > DROP_MEMORY_MS) this.#droppedAtMs.delete(id);
    }
    this.#droppedAtMs.set(whom, nowMs);
  }

  #command(eventId: string, command: IngestCommand): void {
    if (command.type === 'drop-source') this.#noteDrop(sourceKey(command.sourceId));
    if (command.type === 'end') this.#noteDrop(eventKey(eventId));
    const held = this.#events.get(eventId);
    if (held === undefined) {
      throw new AmphiError('not_live', `event ${eventId} is not on this node`);
    }
    const { program } = held;
    switch (command.type) {
      case 'take':
        program.take(command.sourceId);
        break;
      case 'drop-source':
        program.source(command.sourceId).drop('the stream key was changed');
        break;
      case 'end':
        program.end('host');
        break;
      case 'update':
        program.update(command.event);
        break;
      case 'reopen':
        this.#events.reopen(held);
        return;
    }
    this.#events.announce(held);
  }
}

const sourceKey = (sourceId: string): string => `source ${sourceId}`;
const eventKey = (eventId: string): string => `event ${eventId}`;
