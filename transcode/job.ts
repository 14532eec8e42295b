import {
  AmphiError,
  copyBytes,
  delay,
  isAmphiError,
  type Logger,
  messageOf,
  retryDelayMs,
} from '#base';
import type { Config } from '#config';
import { type TranscodeJob, transcodeJobId, type Warning } from '#contracts';
import { cpuSecondsOf, idleSeconds, type NodeClient, type TokenIssuer } from '#platform';
import { Comeback } from './comeback.ts';
import type { Encoder } from './encoders/encoder.ts';
import { dearestRung, Pace, type VideoRung } from './pace.ts';
import { askPosition, RenditionPush } from './push.ts';
import { RenditionFeed } from './rendition-feed.ts';
import { feedNeededFromUs, type Resume } from './resume.ts';
import { BankRun, makesOpus, OPUS_TRACK } from './run.ts';

const PUSH_TOKEN_SECONDS = 3_600;
const RESTART = { baseMs: 20, capMs: 2_000, jitter: 0.2, attempts: Number.POSITIVE_INFINITY };
/** A run that lasted this long was healthy; the next failure starts counting anew. */
const HEALTHY_MS = 10_000;
/** The program may be gone for the time of an interruption; after that, and this, it does not come back. */
const FEED_MARGIN_MS = 15_000;
const WATCH_EVERY_MS = 500;
/** One failure heals without anybody seeing it. */
const WARN_FROM_FAILURES = 2;
const WARN_FOR_MS = 20_000;

export interface LiveJobDeps {
  config: Config;
  nodes: NodeClient;
  tokens: TokenIssuer;
  encoder: Encoder;
  /** Processor cores of this machine. */
  cores: number;
  /** Takes a fencing number higher than any before it for this job. */
  fence: () => Promise<number>;
  /** Tells the host of the event what is wrong, for so long. */
  warn: (warning: Warning, forMs: number) => void;
  log: Logger;
  /** Ends, and takes its renditions back, as soon as the machine is too slow for it. */
  onTrial?: boolean;
}

/** How a job ended for this worker. */
export type JobEnd = 'ended' | 'superseded' | 'stopped' | 'too-slow';

/** Supervises one live job: starts ffmpeg again until the program is over. */
export class LiveJob {
  #job: TranscodeJob;
  readonly #deps: LiveJobDeps;
  readonly #log: Logger;
  readonly #pushes = new Map<string, RenditionPush>();
  /** Where each rung's output stands. */
  readonly #position = new Map<string, Resume>();
  readonly #abort = new AbortController();
  #run: BankRun | undefined;
  /** To viewers over WebRTC. */
  #rtcFeed: RenditionFeed | undefined;
  readonly #pace = new Pace();
  /** Given up for want of speed, the last one last. */
  readonly #missing: VideoRung[] = [];
  readonly #comeback: Comeback;
  /** Rungs of those that are made again, each by a job of its own, the newest last. */
  readonly #trials = new Map<VideoRung, LiveJob>();
  #tooSlow = false;
  #fence = 0;
  #superseded = false;
  #token: { text: string; until: number } | undefined;

  constructor(job: TranscodeJob, deps: LiveJobDeps) {
    this.#job = job;
    this.#deps = deps;
    this.#comeback = new Comeback(deps.config.transcode.retrySeconds * 1_000, performance.now());
    const { eventId, runId, group } = job;
    this.#log = deps.log.child({ eventId, runId, group });
  }

  get id(): string {
    return transcodeJobId(this.#job);
  }

  /** Stops as soon as possible; the job can go on elsewhere. */
  stop(): void {
    this.#abort.abort(new AmphiError('closed'));
    for (const trial of this.#trials.values()) trial.stop();
    this.#run?.stop();
    for (const push of this.#pushes.values()) push.close();
  }

  async run(): Promise<JobEnd> {
    try {
      return await this.#supervise();
    } finally {
      this.#rtcFeed?.close();
    }
  }

  async #supervise(): Promise<JobEnd> {
    this.#fence = await this.#deps.fence();
    this.#log.info({ rungs: this.#job.rungs.map((rung) => rung.name) }, 'transcoding begins');
    await this.#askPositions();
    for (let failures = 0; !this.#abort.signal.aborted; ) {
      const startedAt = performance.now();
      try {
        const end = await this.#once();
        if (this.#tooSlow) {
          for (const rung of this.#job.rungs) this.#withdraw(rung.name);
          return 'too-slow';
        }
        if (end === 'ended') {
          await Promise.all([...this.#pushes.values()].map((push) => push.finish()));
          this.#log.info({}, 'transcoding ended');
          return 'ended';
        }
        if (end === 'copy-broken') this.#encodeAll();
        failures = 0;
      } catch (error) {
        if (this.#abort.signal.aborted) break;
        if (isAmphiError(error, 'not_live')) {
          await Promise.all([...this.#pushes.values()].map((push) => push.finish()));
          return 'ended';
        }
        failures = performance.now() - startedAt > HEALTHY_MS ? 1 : failures + 1;
        this.#log.warn(
          { reason: messageOf(error), failures },
          'transcoding broke off; starting again',
        );
        if (failures >= WARN_FROM_FAILURES) this.#warnOfFailures(failures, messageOf(error));
        await delay(retryDelayMs(RESTART, failures), this.#abort.signal).catch(() => {});
      }
    }
    this.stop();
    return this.#superseded ? 'superseded' : 'stopped';
  }

  async #once() {
    const feed = await this.#openFeed();
    const run = new BankRun({
      job: this.#job,
      feed,
      resume: this.#position,
      encoder: this.#deps.encoder,
      preset: this.#deps.config.transcode.preset,
      cores: this.#deps.cores,
      log: this.#log,
      sink: {
        onRendition: (rung, rendition, init) => this.#push(rung.name).configure(rendition, init),
        onPart: (rung, part) => {
          this.#position.set(rung.name, {
            videoUs: rung.kind === 'video' ? part.endUs : undefined,
            audioUs: part.audioEndUs,
          });
          this.#push(rung.name).part(part);
        },
        onThumbnail: (timeMs, jpeg) => this.#sendThumbnail(timeMs, jpeg),
        onUnit: (track, key, capturedUs, payload) => {
          this.#rtcFeed ??= this.#openRtcFeed();
          this.#rtcFeed.send(track, { key, capturedUs, payload });
        },
      },
    });
    this.#run = run;
    this.#pace.begin();
    const watch = setInterval(() => {
      const lagUs = run.lagUs;
      const lagMs = Math.round(lagUs / 1000);
      const verdict = this.#pace.judge(lagUs, performance.now());
      if (verdict === 'fine') {
        this.#tryAgain(run);
        return;
      }
      clearInterval(watch);
      if (this.#deps.onTrial === true) this.#tooSlow = true;
      else this.#makeRoom(verdict, lagMs);
      run.stop();
    }, WATCH_EVERY_MS);
    try {
      return await run.done();
    } finally {
      clearInterval(watch);
      this.#run = undefined;
    }
  }

  /** Finds the program wherever it is held; waits out an ingest node that restarts. */
  async #openFeed() {
    const { nodes, config } = this.#deps;
    const { eventId, runId, rungs } = this.#job;
    const from = feedNeededFromUs(rungs, this.#position);
    const query = from === undefined ? '' : `?from=${Math.floor(from)}`;
    const giveUpAt = performance.now() + config.program.interruptSeconds * 1_000 + FEED_MARGIN_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        for (const node of await nodes.nodes('ingest')) {
          const feed = await nodes
            .stream(`${node.url}/feed/${eventId}/${runId}${query}`, this.#abort.signal)
            .catch((error) => {
              if (isAmphiError(error, 'not_live')) return undefined;
              throw error;
            });
          if (feed !== undefined) return feed;
        }
      } catch (error) {
        if (this.#abort.signal.aborted) throw error;
        this.#log.debug({ reason: messageOf(error) }, 'no program feed yet');
      }
      if (performance.now() > giveUpAt) throw new AmphiError('not_live', 'the program is gone');
      await delay(
        retryDelayMs({ baseMs: 50, capMs: 500, jitter: 0.2, attempts: 0 }, attempt),
        this.#abort.signal,
      );
    }
  }

  /** From now on no rung is copied, for the rest of the run. */
  #encodeAll(): void {
    const rungs = this.#job.rungs.map((rung) =>
      rung.kind === 'video' ? { ...rung, copy: false } : rung,
    );
    this.#job = { ...this.#job, rungs };
  }

  #warnOfFailures(failures: number, reason: string): void {
    const text = `The transcoder has broken off ${failures} times in a row (${reason}) and starts again by itself. Viewers may see the picture stop. The server's log says more.`;
    this.#deps.warn({ code: 'transcode_failing', level: 'warn', text }, WARN_FOR_MS);
  }

  #warnOfSkip(lagMs: number): void {
    const text = `Transcoding fell ${(lagMs / 1000).toFixed(1)} s behind and has skipped to the present. Viewers saw a jump.`;
    this.#deps.warn({ code: 'transcode_skipped', level: 'warn', text }, WARN_FOR_MS);
  }

  #makeRoom(verdict: 'restart' | 'shed', lagMs: number): void {
    this.#log.warn({ lagMs }, 'transcoding is too slow; skipping to now');
    // What is on trial goes first.
    const newest = [...this.#trials.values()].at(-1);
    newest?.giveUp();
    if (verdict === 'shed' && newest === undefined) this.#shed();
    else this.#warnOfSkip(lagMs);
  }

  /** The machine is too slow for this job on trial. */
  giveUp(): void {
    this.#tooSlow = true;
    this.#run?.stop();
  }

  /** Makes a rung again that was given up, when the machine has become quick enough. */
  #tryAgain({ pid }: BankRun): void {
    const rung = this.#missing.findLast((missing) => !this.#trials.has(missing));
    if (rung === undefined || pid === undefined) return;
    const measure = () => ({ usedSeconds: usedBy(pid), idleSeconds: idleSeconds() });
    if (!this.#comeback.hasRoom(rung, this.#job.rungs, measure, performance.now())) return;
    this.#log.info({ rung: rung.name }, 'the machine has room again; a rung is made again');
    const job = { ...this.#job, rungs: [rung], thumbnails: false };
    const live = new LiveJob(job, { ...this.#deps, onTrial: true });
    this.#trials.set(rung, live);
    this.#comeback.wait(performance.now());
    live
      .run()
      .catch((error) => this.#log.warn({ rung: rung.name, reason: messageOf(error) }, 'in vain'))
      .finally(() => {
        this.#trials.delete(rung);
        this.#comeback.failed(performance.now());
      });
  }

  /** Gives up the rung that costs most, so that the others keep up. */
  #shed(): void {
    const { rungs, ladderSize } = this.#job;
    const dearest = dearestRung(rungs);
    if (dearest === undefined) return;
    const { name } = dearest;
    this.#log.warn({ rung: name }, 'this machine is too slow for the ladder; a rung is given up');
    this.#job = {
      ...this.#job,
      rungs: rungs.filter((rung) => rung !== dearest),
      ladderSize: ladderSize - 1,
    };
    this.#missing.push(dearest);
    this.#comeback.wait(performance.now());
    this.#withdraw(name);
  }

  #withdraw(name: string): void {
    this.#position.delete(name);
    this.#pushes
      .get(name)
      ?.withdraw()
      .catch((error) =>
        this.#log.warn({ rung: name, reason: messageOf(error) }, 'the origin was not told of it'),
      );
    this.#pushes.delete(name);
  }

  /** A predecessor may have left the origin in the middle of a segment. */
  async #askPositions(): Promise<void> {
    const { eventId, runId, rungs } = this.#job;
    await Promise.all(
      rungs.map(async (rung) => {
        try {
          const token = await this.#authorization();
          const at = await askPosition(this.#deps.nodes, token, eventId, rung.name, runId);
          if (at.videoEndUs === undefined && at.audioEndUs === undefined) return;
          this.#position.set(rung.name, { videoUs: at.videoEndUs, audioUs: at.audioEndUs });
        } catch (error) {
          this.#log.debug({ rung: rung.name, reason: messageOf(error) }, 'origin position unknown');
        }
      }),
    );
  }

  #push(name: string): RenditionPush {
    let push = this.#pushes.get(name);
    if (push === undefined) {
      push = new RenditionPush({
        eventId: this.#job.eventId,
        nodes: this.#deps.nodes,
        authorization: () => this.#authorization(),
        log: this.#log,
        onSuperseded: () => {
          this.#superseded = true;
          this.stop();
        },
      });
      this.#pushes.set(name, push);
    }
    return push;
  }

  #openRtcFeed(): RenditionFeed {
    const { eventId, runId, rungs } = this.#job;
    return new RenditionFeed({
      eventId,
      opening: {
        runId,
        tracks: [
          ...rungs.flatMap(({ kind, name }) => (kind === 'video' ? [{ kind, name }] : [])),
          ...(makesOpus(this.#job) ? [{ kind: 'audio' as const, name: OPUS_TRACK }] : []),
        ],
      },
      nodes: this.#deps.nodes,
      authorization: () => this.#authorization(),
      log: this.#log,
    });
  }

  async #authorization(): Promise<string> {
    const now = Date.now();
    if (this.#token === undefined || now > this.#token.until) {
      const claims = { sub: this.#job.eventId, fence: this.#fence };
      const text = await this.#deps.tokens.sign('push', claims, PUSH_TOKEN_SECONDS);
      this.#token = { text, until: now + (PUSH_TOKEN_SECONDS * 1_000) / 2 };
    }
    return `Bearer ${this.#token.text}`;
  }

  #sendThumbnail(timeMs: number, jpeg: Uint8Array): void {
    const { eventId, runId } = this.#job;
    const body = copyBytes(jpeg);
    const send = async () => {
      const [origin] = await this.#deps.nodes.nodes('origin');
      await fetch(`${origin?.url}/push/${eventId}/thumbnails/${Math.round(timeMs)}?run=${runId}`, {
        method: 'POST',
        headers: { authorization: await this.#authorization(), 'content-type': 'image/jpeg' },
        body,
        signal: AbortSignal.timeout(3_000),
      });
    };
    send().catch((error) => this.#log.debug({ reason: messageOf(error) }, 'thumbnail lost'));
  }
}

/** Processor seconds of a process; undefined where the system does not tell, or it has gone. */
function usedBy(pid: number): number | undefined {
  try {
    return cpuSecondsOf(pid);
  } catch {
    return undefined;
  }
}
