import type { IncomingMessage } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { AmphiError, type Logger, messageOf } from '#base';
import { framesPerSecond } from '#config';
import { FEED_BASE_HEADER, FEED_CLOCK_HEADER, type TranscodeJob } from '#contracts';
import { type Child, ffmpegArgs, lastWords, startChild } from '#platform';
import { FlvReader, type FlvTag, parseAvTag, TAG_VIDEO } from '#protocol';
import { AUDIO_RATE } from './cmaf/cutter.ts';
import { bankCommand, type OutputPipe, type VideoJobRung } from './command.ts';
import { CopyGuard } from './copy-guard.ts';
import type { Encoder } from './encoders/encoder.ts';
import { FragmentReader } from './fragment-reader.ts';
import { AUDIO_WARM_UP_US, type Resume } from './resume.ts';
import { RungOutput, type RungSink } from './rung-output.ts';
import { RungUnits } from './rung-units.ts';

export interface RunSink extends RungSink {
  /** Time in milliseconds since the epoch. */
  onThumbnail(timeMs: number, jpeg: Uint8Array): void;
  /** Where the job is `ultra`: an encoded picture of a rung, or a packet of Opus. The payload is a view. */
  onUnit(track: string, key: boolean, capturedUs: number, payload: Uint8Array): void;
}

/** Name of the sound among the tracks for WebRTC. */
export const OPUS_TRACK = 'opus';
/** Like the storyboard's pictures, it is made once for all jobs of a run. */
export const makesOpus = (job: TranscodeJob): boolean => job.ultra && job.thumbnails;

export interface RunOptions {
  job: TranscodeJob;
  feed: IncomingMessage;
  resume: ReadonlyMap<string, Resume>;
  encoder: Encoder;
  preset: string;
  /** Processor cores of this machine. */
  cores: number;
  sink: RunSink;
  log: Logger;
}

/** How a run ended; the supervisor decides what follows. */
export type RunEnd =
  /** The program is over. */
  | 'ended'
  /** The feed broke off; the program may go on elsewhere. */
  | 'feed-lost'
  /** A rung can no longer be copied from its source. */
  | 'copy-broken'
  | 'stopped';

const MAX_TAG_BYTES = 16 * 1024 * 1024;
const MAX_PEEK_TAGS = 2_000;
const KILL_GRACE_MS = 1_500;
const COMPLAINT_CHARACTERS = 4_000;

/**
 * One life of one ffmpeg: the feed goes in as it comes, frames come out on a
 * pipe for each rung, are cut into parts and handed on. It restarts nothing.
 */
export class BankRun {
  readonly #options: RunOptions;
  readonly #baseUs: number;
  #child: Child | undefined;
  #closed: Promise<number | null> = Promise.resolve(0);
  #rungs: RungOutput[] = [];
  #complaint: () => string = () => '';
  #stopped = false;
  readonly #startedAtMs = performance.now();
  /** The clock of the ingest node, which the programme runs on, when this run began. */
  readonly #clockUs: number;
  /** Newest picture that came out, in microseconds since the epoch. */
  #outUs = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#baseUs = Number(options.feed.headers[FEED_BASE_HEADER]);
    this.#clockUs = Number(options.feed.headers[FEED_CLOCK_HEADER]);
    if (!Number.isSafeInteger(this.#baseUs) || !Number.isSafeInteger(this.#clockUs)) {
      throw new AmphiError('upstream_failed', 'the feed does not say its base and clock');
    }
  }

  /**
   * How far the output is behind the programme, which runs on the clock of its
   * ingest node: what waits in pipes and sockets on the way counts, too. Until
   * something has come out, the time since the start.
   */
  get lagUs(): number {
    const sinceStartUs = (performance.now() - this.#startedAtMs) * 1000;
    if (this.#outUs === 0) return sinceStartUs;
    return Math.max(0, this.#clockUs + sinceStartUs - this.#outUs);
  }

  /** Process of its ffmpeg, once that has been started. */
  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  /** Ends the run before the feed does. */
  stop(): void {
    this.#stopped = true;
    this.#options.feed.destroy();
    this.#child?.process.kill('SIGKILL');
  }

  /** Runs until the feed or ffmpeg ends. Rejects when ffmpeg fails. */
  async done(): Promise<RunEnd> {
    const { feed, log } = this.#options;
    const head: Buffer[] = [];
    let first: FirstSamples | undefined;
    const finder = new FirstSampleFinder();
    const copier = this.#copier();
    const watcher = new FlvReader({
      maxBodyBytes: MAX_TAG_BYTES,
      onTag: (tag) => {
        first ??= finder.push(tag);
        copier?.tag(tag);
      },
    });
    let end: RunEnd = 'ended';
    try {
      for await (const chunk of feed as AsyncIterable<Buffer>) {
        // Once ffmpeg has begun, only a copied rung needs the tags one by one.
        if (first === undefined || copier !== undefined) watcher.push(chunk);
        if (copier?.broken !== undefined) {
          log.info(
            { reason: copier.broken },
            'the source can no longer be copied; encoding instead',
          );
          end = 'copy-broken';
          break;
        }
        if (this.#child !== undefined) {
          await this.#write(chunk);
          continue;
        }
        head.push(chunk);
        if (first === undefined) continue;
        this.#start(first);
        for (const held of head.splice(0)) await this.#write(held);
      }
    } catch (error) {
      if (error instanceof RangeError) throw error;
      end = 'feed-lost';
      log.info({ reason: messageOf(error) }, 'program feed interrupted');
    }
    if (this.#stopped) end = 'stopped';
    await this.#finish();
    return end;
  }

  async #write(chunk: Buffer): Promise<void> {
    const input = this.#child?.process.stdin;
    if (input === undefined || input === null || !input.writable) {
      throw new RangeError(`ffmpeg ended early: ${this.#complaint() || 'no message'}`);
    }
    if (!input.write(chunk)) await drained(input);
  }

  #start(first: FirstSamples): void {
    const { job, feed, resume, encoder, preset, cores, sink, log } = this.#options;
    const videoUs = new Map<string, number>();
    let audioUs = Number.POSITIVE_INFINITY;
    for (const rung of job.rungs) {
      const at = resume.get(rung.name);
      const resumedAudio =
        at?.audioUs === undefined ? 0 : at.audioUs - this.#baseUs - AUDIO_WARM_UP_US;
      audioUs = Math.min(audioUs, Math.max(first.audioUs, resumedAudio));
      if (rung.kind !== 'video') continue;
      const resumedVideo = at?.videoUs === undefined ? 0 : at.videoUs - this.#baseUs;
      videoUs.set(rung.name, onFrameGrid(rung, Math.max(first.videoUs, resumedVideo)));
    }
    const { command, pipes } = bankCommand({
      rungs: job.rungs,
      grid: job.grid,
      encoder,
      preset,
      cores,
      start: { baseUs: this.#baseUs, videoUs, audioUs },
      thumbnails: job.thumbnails,
      opus: makesOpus(job),
      keyFrameUs: job.ultra ? keyFrameUs(job.grid.segmentUs) : job.grid.segmentUs,
    });
    const args = ffmpegArgs(command);
    log.debug({ args: args.join(' ') }, 'ffmpeg');
    const child = startChild('ffmpeg', args, {
      stdio: ['pipe', 'ignore', 'pipe', ...pipes.map(() => 'pipe' as const)],
    });
    this.#child = child;
    // Resolves when it has ended and all its output has been read.
    this.#closed = new Promise((resolve) => child.process.once('close', (code) => resolve(code)));
    // Known at once, not at the next write.
    child.exited.then(() => feed.destroy());
    child.process.stdin?.on('error', () => {});
    this.#complaint = lastWords(child.process.stderr, COMPLAINT_CHARACTERS);
    this.#rungs = job.rungs.map(
      (rung) =>
        new RungOutput({ rung, job, baseUs: this.#baseUs, resume: resume.get(rung.name), sink }),
    );
    for (const pipe of pipes) {
      const stream = child.process.stdio[pipe.pipe];
      if (stream !== null && stream !== undefined && 'on' in stream) {
        this.#read(pipe, stream as Readable);
      }
    }
  }

  /** Takes the source's own pictures to the rungs that copy them, as long as that goes. */
  #copier(): { tag: (tag: FlvTag) => void; readonly broken: string | undefined } | undefined {
    const { job } = this.#options;
    const rung = job.rungs.find((r): r is VideoJobRung => r.kind === 'video' && r.copy);
    if (rung === undefined) return undefined;
    const frameUs = 1e6 / framesPerSecond(rung.fps);
    const guard = new CopyGuard({ grid: job.grid, baseUs: this.#baseUs, frameUs });
    let held: FlvTag[] = [];
    let broken: string | undefined;
    return {
      tag: (tag) => {
        broken ??= guard.check(tag);
        if (broken !== undefined || tag.type !== TAG_VIDEO) return;
        held.push(tag);
        // The outputs exist once ffmpeg has been started.
        const outputs = this.#rungs.filter((output) => output.rung === rung);
        if (outputs.length === 0) return;
        for (const waiting of held) for (const output of outputs) output.tag(waiting);
        held = [];
      },
      get broken() {
        return broken;
      },
    };
  }

  #read(pipe: OutputPipe, stream: Readable): void {
    let consume: (chunk: Buffer) => void;
    if (pipe.kind === 'thumbnails') {
      const reader = new FragmentReader((timeMs, jpeg) =>
        this.#options.sink.onThumbnail(this.#baseUs / 1000 + timeMs, jpeg),
      );
      consume = (chunk) => reader.push(chunk);
    } else if (pipe.kind === 'opus') {
      const reader = new FragmentReader((samples, packet) => {
        const capturedUs = this.#baseUs + (samples * 1e6) / AUDIO_RATE;
        this.#options.sink.onUnit(OPUS_TRACK, true, capturedUs, packet);
      });
      consume = (chunk) => reader.push(chunk);
    } else {
      const receivers =
        pipe.kind === 'video'
          ? this.#rungs.filter((output) => output.rung === pipe.rung)
          : this.#rungs.filter((output) => output.rung.audioKbps === pipe.kbps);
      const units =
        pipe.kind === 'video' && this.#options.job.ultra ? new RungUnits(pipe.rung) : undefined;
      const reader = new FlvReader({
        maxBodyBytes: MAX_TAG_BYTES,
        onTag: (tag) => {
          const unit = units?.unit(tag);
          if (unit !== undefined && pipe.kind === 'video') {
            const { key, us, payload } = unit;
            this.#options.sink.onUnit(pipe.rung.name, key, this.#baseUs + us, payload);
          }
          if (tag.type === TAG_VIDEO) {
            this.#outUs = Math.max(this.#outUs, this.#baseUs + tag.timestampMs * 1000);
          }
          for (const receiver of receivers) receiver.tag(tag);
        },
      });
      consume = (chunk) => reader.push(chunk);
    }
    stream.on('data', (chunk: Buffer) => {
      try {
        consume(chunk);
      } catch (error) {
        this.#options.log.error(
          { pipe: pipe.kind, reason: messageOf(error) },
          'ffmpeg output unreadable',
        );
        this.stop();
      }
    });
    stream.on('error', () => {});
  }

  async #finish(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.process.stdin?.end();
    let forced = false;
    const force = setTimeout(() => {
      forced = true;
      child.process.kill('SIGKILL');
    }, KILL_GRACE_MS);
    const code = await this.#closed;
    clearTimeout(force);
    for (const output of this.#rungs) output.flush();
    if (code !== 0 && !this.#stopped && !forced) {
      throw new AmphiError(
        'internal',
        `ffmpeg failed (${code ?? 'killed'}): ${this.#complaint().slice(-1_000)}`,
      );
    }
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** What a viewer who joins, or gets another rung, waits for at most. */
const ULTRA_KEY_FRAME_US = 1_000_000;

const keyFrameUs = (segmentUs: number): number =>
  segmentUs / Math.ceil(segmentUs / ULTRA_KEY_FRAME_US);

/** The first frame of a rung's rate at or after this time. */
function onFrameGrid(rung: VideoJobRung, us: number): number {
  const frameUs = (1e6 * rung.fps.den) / rung.fps.num;
  return Math.round(us / frameUs) * frameUs;
}

interface FirstSamples {
  /** After the feed's base. */
  videoUs: number;
  audioUs: number;
}

/** Finds where picture and sound of a feed begin. */
class FirstSampleFinder {
  #videoUs: number | undefined;
  #audioUs: number | undefined;
  #tags = 0;

  push(tag: FlvTag): FirstSamples | undefined {
    const av = parseAvTag(tag.type, tag.body);
    if (av.kind === 'video' && av.key) {
      this.#videoUs ??= (tag.timestampMs + av.compositionMs) * 1000;
    } else if (av.kind === 'audio') {
      this.#audioUs ??= tag.timestampMs * 1000;
    }
    if (++this.#tags > MAX_PEEK_TAGS) throw new RangeError('a feed without picture and sound');
    if (this.#videoUs === undefined || this.#audioUs === undefined) return undefined;
    return { videoUs: this.#videoUs, audioUs: this.#audioUs };
  }
}
