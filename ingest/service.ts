import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  AmphiError,
  type Closable,
  Disposer,
  isAmphiError,
  type Logger,
  messageOf,
  retry,
  systemClock,
} from '#base';
import { type Config, chooseLadder } from '#config';
import {
  type EventSpec,
  type EventStatus,
  FEED_BASE_HEADER,
  ingestCommandSchema,
  type JobRung,
  type LiveState,
  type PublishGrant,
  publishGrantSchema,
  TRANSCODE_QUEUE,
  type TranscodeJob,
  transcodeJobId,
} from '#contracts';
import {
  bearerOf,
  Lease,
  type NodeClient,
  openQueue,
  type Queue,
  type Redis,
  readJson,
  sendJson,
  sha256Hex,
  type TokenIssuer,
} from '#platform';
import { LiveBoard } from './live-board.ts';
import { Program, type Run } from './program/program.ts';
import { SlateMaker } from './program/slate.ts';
import { RtmpListener } from './rtmp/listener.ts';
import type { PublishCommand } from './rtmp/parser.ts';
import type { PublisherSink } from './rtmp/session.ts';

export interface IngestDeps {
  config: Config;
  redis: Redis;
  nodeId: string;
  nodes: NodeClient;
  tokens: TokenIssuer;
  log: Logger;
}

interface Held {
  program: Program;
  lease: Lease;
  version: number;
  announceSoon: NodeJS.Timeout | undefined;
}

const ANNOUNCE_EVERY_MS = 1_000;
const ANNOUNCE_SOON_MS = 30;
const RTMP_APP = 'live';

/** Asking the API node about a stream key: it may be restarting. */
const AUTHORIZE_RETRY = { baseMs: 150, capMs: 1_000, jitter: 0.3, attempts: 8 };
const ENQUEUE_RETRY = {
  baseMs: 100,
  capMs: 1_000,
  jitter: 0.3,
  attempts: Number.POSITIVE_INFINITY,
};

/**
 * The input manager of this node: takes publishers, holds the programs of
 * their events, feeds transcoders, and tells everybody what is going on.
 */
export class IngestService implements Closable {
  readonly #deps: IngestDeps;
  readonly #board: LiveBoard;
  readonly #slates: SlateMaker;
  readonly #queue: Queue<TranscodeJob>;
  readonly #held = new Map<string, Held>();
  /** Events whose program is being set up; a second publisher waits for the first. */
  readonly #acquiring = new Map<string, Promise<Held>>();
  readonly #disposer = new Disposer();
  readonly #abort = new AbortController();

  private constructor(deps: IngestDeps, queue: Queue<TranscodeJob>) {
    this.#deps = deps;
    this.#board = new LiveBoard(deps.redis, deps.nodeId, deps.log);
    this.#slates = new SlateMaker(join(deps.config.dataDir, 'slates'), deps.log);
    this.#queue = queue;
    this.#queue.on('error', (error) =>
      deps.log.debug({ reason: messageOf(error) }, 'job queue not reachable'),
    );
  }

  /** Opens the listeners and takes up the runs of a predecessor. Rejects when a port is taken. */
  static async start(deps: IngestDeps): Promise<IngestService> {
    const service = new IngestService(deps, await openQueue(TRANSCODE_QUEUE, deps.redis));
    await service.#resumeRuns();
    await service.#listen();
    const timer = setInterval(() => {
      for (const held of service.#held.values()) service.#announce(held);
    }, ANNOUNCE_EVERY_MS);
    service.#disposer.defer(() => clearInterval(timer));
    return service;
  }

  /** Calls from other nodes: program feeds and commands. */
  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const url = new URL(req.url ?? '/', 'http://node');
    const [, kind, eventId, runId] = url.pathname.split('/');
    await this.#deps.tokens.verify('node', bearerOf(req.headers.authorization));
    if (kind === 'feed' && req.method === 'GET' && eventId && runId) {
      this.#feed(res, eventId, runId, url.searchParams.get('from'));
    } else if (kind === 'control' && req.method === 'POST' && eventId) {
      this.#command(eventId, await readJson(req, ingestCommandSchema));
      sendJson(res, {});
    } else {
      throw new AmphiError('not_found');
    }
  };

  async close(): Promise<void> {
    this.#abort.abort(new AmphiError('closed'));
    await this.#disposer.close();
    for (const held of this.#held.values()) {
      clearTimeout(held.announceSoon);
      held.program.close();
      await held.lease.close();
    }
    await this.#queue.close();
  }

  async #listen(): Promise<void> {
    const { config, log } = this.#deps;
    const common = {
      host: config.host,
      maxConnections: config.rtmp.maxConnections,
      maxConnectionsPerAddress: config.rtmp.maxConnectionsPerAddress,
      authorize: this.#authorize,
      log,
    };
    this.#disposer.add(await RtmpListener.open({ ...common, port: config.rtmp.port }));
    const { tlsCert, tlsKey } = config.http;
    if (tlsCert === undefined || tlsKey === undefined) return;
    const tls = { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
    this.#disposer.add(await RtmpListener.open({ ...common, port: config.rtmp.tlsPort, tls }));
  }

  readonly #authorize = async (
    command: PublishCommand,
    publisher: { remoteAddress: string; close(reason: string): void },
  ): Promise<PublisherSink> => {
    if (command.app.replace(/\/+$/, '') !== RTMP_APP) {
      throw new AmphiError('unauthorized', `unknown application; publish to /${RTMP_APP}`);
    }
    const key = command.name.split('?')[0] ?? '';
    const grant = await this.#askApi(key, publisher.remoteAddress);
    const held = await this.#hold(grant.event);
    const source = held.program.source(grant.sourceId);
    if (source.connected && this.#deps.config.rtmp.secondPublisher === 'reject') {
      throw new AmphiError('source_busy', 'somebody already publishes with this key');
    }
    const { eventId } = grant.event;
    const { sourceId } = grant;
    const sink = source.attach(publisher);
    this.#deps.log.info(
      { eventId, sourceId, remoteAddress: publisher.remoteAddress },
      'source connected',
    );
    this.#board.record({ type: 'source.connected', eventId, sourceId, at: Date.now() });
    this.#announce(held);
    return {
      ...sink,
      onEnd: (reason) => {
        sink.onEnd(reason);
        this.#board.record({
          type: 'source.disconnected',
          eventId,
          sourceId,
          at: Date.now(),
          reason,
        });
      },
    };
  };

  #askApi(key: string, remoteAddress: string): Promise<PublishGrant> {
    const body = { keyHash: sha256Hex(key), remoteAddress };
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

  /** The program of an event, set up on this node when no other node has it. */
  #hold(spec: EventSpec): Promise<Held> {
    const { eventId } = spec;
    const held = this.#held.get(eventId);
    if (held !== undefined && !isOver(held.program)) {
      held.program.update(spec);
      return Promise.resolve(held);
    }
    if (held !== undefined) this.#release(eventId);
    let acquiring = this.#acquiring.get(eventId);
    if (acquiring === undefined) {
      acquiring = this.#acquire(spec).finally(() => this.#acquiring.delete(eventId));
      this.#acquiring.set(eventId, acquiring);
    }
    return acquiring;
  }

  async #acquire(spec: EventSpec): Promise<Held> {
    const { redis, nodeId, config, log } = this.#deps;
    const { eventId } = spec;
    const lease = await Lease.acquire({
      redis,
      name: `event:${eventId}`,
      owner: nodeId,
      log,
      onLost: () => this.#release(eventId),
    });
    if (!(lease instanceof Lease)) {
      throw new AmphiError(
        'conflict',
        `the event is on air at another ingest node (${lease.heldBy})`,
      );
    }
    const program = new Program({
      spec,
      timing: {
        slateAfterUs: config.program.slateAfterSeconds * 1e6,
        interruptUs: config.program.interruptSeconds * 1e6,
      },
      clock: systemClock,
      slates: this.#slates,
      log,
    });
    const held: Held = { program, lease, version: 0, announceSoon: undefined };
    program.on('started', (run) => this.#started(held, run));
    program.on('ended', (run, reason) => {
      this.#board.forgetRun(eventId);
      this.#board.record({
        type: 'program.ended',
        eventId,
        runId: run.runId,
        at: Date.now(),
        reason,
      });
    });
    program.on('changed', () => {
      held.announceSoon ??= setTimeout(() => this.#announce(held), ANNOUNCE_SOON_MS);
    });
    this.#held.set(eventId, held);
    return held;
  }

  #release(eventId: string): void {
    const held = this.#held.get(eventId);
    if (held === undefined) return;
    this.#held.delete(eventId);
    clearTimeout(held.announceSoon);
    held.program.close();
  }

  #started(held: Held, run: Run): void {
    const { spec } = held.program;
    const { eventId } = spec;
    const { runId, startedAtMs, picture } = run;
    this.#board.rememberRun(spec, { runId, startedAtMs, picture });
    this.#board.record({ type: 'program.started', eventId, runId, at: startedAtMs });
    for (const job of this.#jobs(spec, run)) {
      retry(
        ENQUEUE_RETRY,
        () =>
          this.#queue.add('live', job, {
            jobId: transcodeJobId(job),
            attempts: 1_000_000,
            backoff: { type: 'fixed', delay: 500 },
            removeOnComplete: true,
            removeOnFail: { count: 100 },
          }),
        { signal: this.#abort.signal },
      ).catch((error) =>
        this.#deps.log.error(
          { eventId, reason: messageOf(error) },
          'transcoding could not be ordered',
        ),
      );
    }
  }

  /** The ladder that this run's picture gets, cut into jobs. */
  #jobs(spec: EventSpec, run: Run): TranscodeJob[] {
    const { ladder, rungsPerJob, segmentSeconds, partsPerSegment } = this.#deps.config.transcode;
    const wanted = ladder.filter((rung) => spec.ladder?.includes(rung.name) ?? true);
    const chosen = chooseLadder(wanted.length > 0 ? wanted : ladder, run.picture);
    const rungs = chosen.map(
      (rung, order): JobRung =>
        rung.kind === 'audio' ? { ...rung, order } : { ...rung, order, copy: false },
    );
    const jobs: TranscodeJob[] = [];
    for (let i = 0; i < rungs.length; i += rungsPerJob) {
      jobs.push({
        eventId: spec.eventId,
        runId: run.runId,
        group: jobs.length,
        rungs: rungs.slice(i, i + rungsPerJob),
        ladderSize: rungs.length,
        grid: { segmentUs: segmentSeconds * 1_000_000, phaseUs: 0, partsPerSegment },
        thumbnails: jobs.length === 0,
      });
    }
    return jobs;
  }

  #announce(held: Held): void {
    clearTimeout(held.announceSoon);
    held.announceSoon = undefined;
    const { program } = held;
    const { spec, run } = program;
    held.version = Math.max(held.version + 1, Date.now());
    if (run !== undefined) {
      const { runId, startedAtMs, picture } = run;
      this.#board.rememberRun(spec, { runId, startedAtMs, picture });
    }
    this.#board.publish(liveStateOf(program, held.version));
  }

  #feed(res: ServerResponse, eventId: string, runId: string, from: string | null): void {
    const run = this.#held.get(eventId)?.program.run;
    if (run === undefined || run.runId !== runId) {
      throw new AmphiError('not_live', `run ${runId} of event ${eventId} is not here`);
    }
    res.writeHead(200, {
      'content-type': 'video/x-flv',
      [FEED_BASE_HEADER]: String(run.feed.baseUs),
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
      },
      from === null ? undefined : Number(from),
    );
    res.on('close', unsubscribe);
  }

  #command(eventId: string, command: ReturnType<typeof ingestCommandSchema.parse>): void {
    const held = this.#held.get(eventId);
    if (held === undefined)
      throw new AmphiError('not_live', `event ${eventId} is not on this node`);
    switch (command.type) {
      case 'take':
        held.program.take(command.sourceId);
        break;
      case 'drop-source':
        held.program.source(command.sourceId).drop('the stream key was changed');
        break;
      case 'end':
        held.program.end('host');
        break;
      case 'update':
        held.program.update(command.event);
        break;
    }
    this.#announce(held);
  }

  async #resumeRuns(): Promise<void> {
    const { config, log } = this.#deps;
    for (const { spec, seenAtMs, ...run } of await this.#board.rememberedRuns()) {
      const { eventId } = spec;
      if (Date.now() - seenAtMs > config.program.interruptSeconds * 1000) {
        this.#board.forgetRun(eventId);
        continue;
      }
      try {
        const held = await this.#hold(spec);
        held.program.resume(run);
        log.info({ eventId, runId: run.runId }, 'run taken up again');
        this.#announce(held);
      } catch (error) {
        log.warn({ eventId, reason: messageOf(error) }, 'run could not be taken up again');
      }
    }
  }
}

/** Ended for good: whoever may publish again begins with a new program. */
const isOver = ({ state }: Program): boolean =>
  state.name === 'ended' && state.reason !== 'timeout';

const STATUS: Record<Program['state']['name'], EventStatus> = {
  idle: 'idle',
  starting: 'idle',
  'on-air': 'live',
  interrupted: 'interrupted',
  ended: 'ended',
};

function liveStateOf(program: Program, version: number): LiveState {
  const { spec, state, run } = program;
  return {
    eventId: spec.eventId,
    version,
    status: STATUS[state.name],
    title: spec.title,
    visibility: spec.visibility,
    dvrSeconds: spec.dvrSeconds,
    sources: [...program.sources].map((source) => source.health()),
    ...(run === undefined ? {} : { runId: run.runId, startedAt: run.startedAtMs }),
    ...(state.name === 'on-air' ? { onAir: state.sourceId } : {}),
  };
}
