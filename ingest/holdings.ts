import {
  AmphiError,
  type Closable,
  Disposer,
  type Logger,
  messageOf,
  retry,
  systemClock,
} from '#base';
import type { Config } from '#config';
import {
  type EventSpec,
  type EventStatus,
  type LiveState,
  type TranscodeJob,
  transcodeJobId,
} from '#contracts';
import { Lease, type Queue, type Redis } from '#platform';
import { transcodeJobs } from './jobs.ts';
import { LiveBoard, type RunRecord } from './live-board.ts';
import { Program, type ProgramCounters, type Run } from './program/program.ts';
import type { SlateMaker } from './program/slate.ts';
import type { EndReason } from './program/state.ts';
import { systemTicker } from './program/ticker.ts';

export interface HoldingsDeps {
  config: Config;
  redis: Redis;
  nodeId: string;
  slates: SlateMaker;
  /** Where transcoding is ordered. Closed with the holdings. */
  queue: Queue<TranscodeJob>;
  counters: ProgramCounters;
  log: Logger;
}

/** An event that this node has the lease of. */
export interface Held {
  readonly program: Program;
  readonly lease: Lease;
  version: number;
  announceSoon: NodeJS.Timeout | undefined;
  /** Monotonic time since when the program has been of no use to anybody. */
  unusedSinceMs: number | undefined;
}

const ANNOUNCE_EVERY_MS = 1_000;
const ANNOUNCE_SOON_MS = 30;
/** A program that nobody uses is let go after this, so that any ingest node may have the event next. */
const RELEASE_AFTER_MS = 10_000;
/** Runs that no node has held for this much longer than an interruption may last are over. */
const REAP_EVERY_MS = 10_000;
const ENQUEUE_RETRY = {
  baseMs: 100,
  capMs: 1_000,
  jitter: 0.3,
  attempts: Number.POSITIVE_INFINITY,
};

/**
 * The events that this ingest node holds: leased, so that no other node has
 * them; announced, so that everybody knows; remembered, so that a run goes on
 * when its process dies; and let go when nobody needs them.
 */
export class Holdings implements Closable {
  readonly #deps: HoldingsDeps;
  readonly #log: Logger;
  readonly #queue: Queue<TranscodeJob>;
  readonly #held = new Map<string, Held>();
  /** Events whose program is being set up; a second publisher waits for the first. */
  readonly #acquiring = new Map<string, Promise<Held>>();
  readonly #disposer = new Disposer();
  readonly #abort = new AbortController();
  readonly board: LiveBoard;

  constructor(deps: HoldingsDeps) {
    this.#deps = deps;
    this.#log = deps.log;
    this.board = new LiveBoard(deps.redis, deps.nodeId, deps.log);
    this.#queue = deps.queue;
    this.#queue.on('error', (error) =>
      this.#log.debug({ reason: messageOf(error) }, 'job queue not reachable'),
    );
  }

  /** Takes up the runs that this node held when it died, and begins to announce. */
  async start(): Promise<void> {
    await this.#resumeRuns();
    this.#every(ANNOUNCE_EVERY_MS, () => this.#announceAll());
    this.#every(REAP_EVERY_MS, () =>
      this.#reapRuns().catch((error) =>
        this.#log.debug({ reason: messageOf(error) }, 'runs not looked through'),
      ),
    );
  }

  get all(): Iterable<Held> {
    return this.#held.values();
  }

  get(eventId: string): Held | undefined {
    return this.#held.get(eventId);
  }

  /**
   * The program of an event, set up on this node. Throws `conflict` when
   * another node has it.
   */
  hold(spec: EventSpec): Promise<Held> {
    const { eventId } = spec;
    const held = this.#held.get(eventId);
    if (held !== undefined && !isOver(held.program)) {
      held.unusedSinceMs = undefined;
      held.program.update(spec);
      return Promise.resolve(held);
    }
    let acquiring = this.#acquiring.get(eventId);
    if (acquiring === undefined) {
      acquiring = this.#acquire(spec).finally(() => this.#acquiring.delete(eventId));
      this.#acquiring.set(eventId, acquiring);
    }
    return acquiring;
  }

  announce(held: Held): void {
    if (this.#held.get(held.program.spec.eventId) === held) this.board.publish([newState(held)]);
  }

  /** Lets go of an event whose program is over; the next publisher begins anew. */
  reopen(held: Held): void {
    if (!isOver(held.program)) return;
    this.#release(held.program.spec.eventId);
    this.board.publish([{ ...newAbout(held), status: 'idle', sources: [] }]);
  }

  /** Runs are let go, not ended: this node, when it is back in time, or another one goes on with them. */
  async close(): Promise<void> {
    this.#abort.abort(new AmphiError('closed'));
    await this.#disposer.close();
    this.#rememberRuns();
    await Promise.all([...this.#held.keys()].map((eventId) => this.#release(eventId)));
    await this.#queue.close();
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    this.#disposer.defer(() => clearInterval(timer));
  }

  async #acquire(spec: EventSpec): Promise<Held> {
    const { redis, nodeId } = this.#deps;
    const { eventId } = spec;
    await this.#release(eventId);
    const lease = await Lease.acquire({
      redis,
      name: `event:${eventId}`,
      owner: nodeId,
      log: this.#log,
      onLost: () => this.#release(eventId),
    });
    if (!(lease instanceof Lease)) {
      const detail = `the event is on air at another ingest node (${lease.heldBy})`;
      throw new AmphiError('conflict', detail);
    }
    const remembered = await this.board.rememberedRun(eventId).catch(() => undefined);
    const held: Held = {
      program: this.#program(spec),
      lease,
      version: 0,
      announceSoon: undefined,
      unusedSinceMs: undefined,
    };
    const { program } = held;
    program.on('started', (run) => this.#started(program, run));
    program.on('ended', (run, reason) => this.#ended(eventId, run.runId, Date.now(), reason));
    program.on('changed', () => {
      held.announceSoon ??= setTimeout(() => this.announce(held), ANNOUNCE_SOON_MS);
    });
    this.#held.set(eventId, held);
    if (remembered !== undefined && this.#isFresh(remembered)) {
      program.resume(remembered);
      this.#log.info({ eventId, runId: remembered.runId }, 'run taken up again');
    }
    return held;
  }

  #program(spec: EventSpec): Program {
    const { config, slates, counters } = this.#deps;
    const { slateAfterSeconds, interruptSeconds } = config.program;
    return new Program({
      spec,
      timing: { slateAfterUs: slateAfterSeconds * 1e6, interruptUs: interruptSeconds * 1e6 },
      clock: systemClock,
      ticker: systemTicker,
      slates,
      counters,
      log: this.#log,
    });
  }

  /** Lets go of an event; its run, if it has one, may be taken up again. */
  async #release(eventId: string): Promise<void> {
    const held = this.#held.get(eventId);
    if (held === undefined) return;
    this.#held.delete(eventId);
    held.program.close();
    clearTimeout(held.announceSoon);
    await held.lease.close();
  }

  #started({ spec }: Program, run: Run): void {
    const { eventId } = spec;
    const { runId, startedAtMs } = run;
    this.board.rememberRuns([{ spec, run }]);
    this.board.record({ type: 'program.started', eventId, runId, at: startedAtMs });
    for (const job of transcodeJobs(spec, run, this.#deps.config.transcode)) {
      const options = {
        jobId: transcodeJobId(job),
        attempts: 1_000_000,
        backoff: { type: 'fixed', delay: 500 },
        removeOnComplete: true,
        removeOnFail: { count: 100 },
      };
      retry(ENQUEUE_RETRY, () => this.#queue.add('live', job, options), {
        signal: this.#abort.signal,
      }).catch((error) => {
        this.#log.error({ eventId, reason: messageOf(error) }, 'transcoding could not be ordered');
      });
    }
  }

  #ended(eventId: string, runId: string, at: number, reason: EndReason): void {
    this.board
      .forgetRun(eventId, runId)
      .catch((error) =>
        this.#log.debug({ eventId, reason: messageOf(error) }, 'run not forgotten'),
      );
    this.board.record({ type: 'program.ended', eventId, runId, at, reason });
  }

  #announceAll(): void {
    const nowMs = performance.now();
    for (const [eventId, held] of this.#held) {
      held.unusedSinceMs = held.program.isUnused ? (held.unusedSinceMs ?? nowMs) : undefined;
      if (nowMs - (held.unusedSinceMs ?? nowMs) < RELEASE_AFTER_MS) continue;
      this.#log.info({ eventId }, 'event released');
      this.#release(eventId);
    }
    this.board.publish([...this.#held.values()].map(newState));
    this.#rememberRuns();
  }

  #rememberRuns(): void {
    const runs: { spec: EventSpec; run: Run }[] = [];
    for (const { program } of this.#held.values()) {
      if (program.run !== undefined) runs.push({ spec: program.spec, run: program.run });
    }
    this.board.rememberRuns(runs);
  }

  async #resumeRuns(): Promise<void> {
    for (const record of await this.board.rememberedRuns()) {
      if (record.nodeId !== this.#deps.nodeId || !this.#isFresh(record)) continue;
      const { eventId } = record.spec;
      try {
        this.announce(await this.hold(record.spec));
      } catch (error) {
        this.#log.warn({ eventId, reason: messageOf(error) }, 'run could not be taken up again');
      }
    }
    await this.#reapRuns();
  }

  /** Ends in the books what nobody has come back to. */
  async #reapRuns(): Promise<void> {
    for (const record of await this.board.rememberedRuns()) {
      const { runId, seenAtMs, spec } = record;
      const { eventId } = spec;
      if (this.#held.has(eventId) || this.#isFresh(record, REAP_EVERY_MS)) continue;
      if (!(await this.board.forgetRun(eventId, runId))) continue;
      this.#log.info({ eventId, runId }, 'run ended; nobody has come back to it');
      const reason = 'timeout';
      this.board.record({ type: 'program.ended', eventId, runId, at: seenAtMs, reason });
    }
  }

  #isFresh({ seenAtMs }: RunRecord, marginMs = 0): boolean {
    return Date.now() - seenAtMs <= this.#deps.config.program.interruptSeconds * 1000 + marginMs;
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

/** What is said of an event in any state, under a version of its own. */
function newAbout(held: Held): Omit<LiveState, 'status' | 'sources'> {
  held.version = Math.max(held.version + 1, Date.now());
  const { eventId, title, visibility, dvrSeconds } = held.program.spec;
  return { eventId, version: held.version, title, visibility, dvrSeconds };
}

function newState(held: Held): LiveState {
  clearTimeout(held.announceSoon);
  held.announceSoon = undefined;
  const { state, run, sources } = held.program;
  return {
    ...newAbout(held),
    status: STATUS[state.name],
    sources: [...sources].map((source) => source.health()),
    ...(run === undefined ? {} : { runId: run.runId, startedAt: run.startedAtMs }),
    ...(state.name === 'on-air' ? { onAir: state.sourceId } : {}),
  };
}
