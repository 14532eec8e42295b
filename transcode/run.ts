import type { IncomingMessage } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { AmphiError, copyBytes, type Logger, messageOf } from '#base';
import { framesPerSecond } from '#config';
import { FEED_BASE_HEADER, type JobRung, type Rendition, type TranscodeJob } from '#contracts';
import { type Child, ffmpegArgs, startChild } from '#platform';
import {
  AAC_FRAME_SAMPLES,
  avcCodecString,
  FlvReader,
  type FlvTag,
  initSegment,
  parseAvcConfig,
  parseAvTag,
  TAG_AUDIO,
  TAG_VIDEO,
} from '#protocol';
import {
  AUDIO_TRACK_ID,
  AudioCutter,
  type CutPart,
  MuxedCutter,
  VIDEO_TRACK_ID,
  videoTimescale,
} from './cmaf/cutter.ts';
import { AUDIO_RATE, bankCommand, type OutputPipe, type VideoJobRung } from './command.ts';
import type { Encoder } from './encoders/encoder.ts';
import { ThumbnailReader } from './jpeg.ts';

/** Where a rung's output continues, in microseconds since the epoch; undefined to begin. */
export interface Resume {
  videoUs: number | undefined;
  audioUs: number | undefined;
}

export interface RunSink {
  /** What a rung's parts need, before its first part. */
  onRendition(rung: JobRung, rendition: Rendition, init: Uint8Array): void;
  onPart(rung: JobRung, part: CutPart): void;
  /** Time in milliseconds since the epoch. */
  onThumbnail(timeMs: number, jpeg: Uint8Array): void;
}

export interface RunOptions {
  job: TranscodeJob;
  feed: IncomingMessage;
  resume: ReadonlyMap<string, Resume>;
  encoder: Encoder;
  preset: string;
  threads: number;
  sink: RunSink;
  log: Logger;
}

/** How a run ended; the supervisor decides what follows. */
export type RunEnd =
  /** The program is over. */
  | 'ended'
  /** The feed broke off, or changed in a way that needs a new ffmpeg. */
  | 'feed-changed'
  | 'stopped';

const MAX_TAG_BYTES = 16 * 1024 * 1024;
const MAX_PEEK_TAGS = 2_000;
const RELEASE_EVERY_MS = 50;
/** The encoder's own delay is warmed up on sound that is there already. */
const AUDIO_WARM_UP_US = (2 * AAC_FRAME_SAMPLES * 1e6) / AUDIO_RATE;
const KILL_GRACE_MS = 1_500;

/**
 * One life of one ffmpeg: the feed goes in as it comes, frames come out on a
 * pipe for each rung, are cut into parts and handed on. It restarts nothing.
 */
export class BankRun {
  readonly #options: RunOptions;
  readonly #baseUs: number;
  #child: Child | undefined;
  #rungs: RungOutput[] = [];
  #complaint = '';
  #stopped = false;
  /** Newest picture that went in and came out, in microseconds since the epoch. */
  #inUs = 0;
  #outUs = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#baseUs = Number(options.feed.headers[FEED_BASE_HEADER]);
    if (!Number.isSafeInteger(this.#baseUs)) {
      throw new AmphiError('upstream_failed', 'the feed does not say its base');
    }
  }

  /** How much media lies between the feed and the output. */
  get lagUs(): number {
    return this.#outUs === 0 ? 0 : Math.max(0, this.#inUs - this.#outUs);
  }

  /** Ends the run before the feed does. */
  stop(): void {
    this.#stopped = true;
    this.#options.feed.destroy();
    this.#child?.process.kill('SIGKILL');
  }

  /** Runs until the feed or ffmpeg ends. Rejects when ffmpeg fails. */
  async done(): Promise<RunEnd> {
    const { feed } = this.#options;
    const head: Buffer[] = [];
    let first: FirstSamples | undefined;
    // Widened: assigned in a callback that the compiler does not follow.
    let end = 'ended' as RunEnd;
    let audioConfig: Uint8Array | undefined;
    const peek = new FirstSampleFinder();
    const watcher = new FlvReader({
      maxBodyBytes: MAX_TAG_BYTES,
      onTag: (tag) => {
        if (first === undefined) first = peek.push(tag);
        if (tag.type === TAG_VIDEO) this.#inUs = this.#baseUs + tag.timestampMs * 1000;
        const changed = tag.type === TAG_AUDIO ? newAudioConfig(tag, audioConfig) : undefined;
        if (changed === undefined) return;
        if (audioConfig !== undefined) end = 'feed-changed';
        audioConfig = changed;
      },
    });
    try {
      for await (const chunk of feed as AsyncIterable<Buffer>) {
        watcher.push(chunk);
        // ffmpeg's filters would lose their place: it starts anew where this one ends.
        if (end === 'feed-changed') break;
        if (this.#child === undefined) {
          head.push(chunk);
          if (first === undefined) continue;
          this.#start(first);
          for (const held of head.splice(0)) await this.#write(held);
        } else {
          await this.#write(chunk);
        }
      }
    } catch (error) {
      if (error instanceof RangeError) throw error;
      end = 'feed-changed';
      this.#options.log.info({ reason: messageOf(error) }, 'program feed interrupted');
    }
    if (this.#stopped) end = 'stopped';
    await this.#finish();
    return end;
  }

  async #write(chunk: Buffer): Promise<void> {
    const input = this.#child?.process.stdin;
    if (input === undefined || input === null || !input.writable) {
      throw new RangeError(`ffmpeg ended early: ${this.#complaint.trim() || 'no message'}`);
    }
    if (!input.write(chunk)) await drained(input);
  }

  #start(first: FirstSamples): void {
    const { job, resume, encoder, preset, threads, log } = this.#options;
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
      threads,
      start: { videoUs, audioUs },
      thumbnails: job.thumbnails,
    });
    const args = ffmpegArgs(command);
    log.debug({ args: args.join(' ') }, 'ffmpeg');
    const child = startChild('ffmpeg', args, {
      stdio: ['pipe', 'ignore', 'pipe', ...pipes.map(() => 'pipe' as const)],
    });
    this.#child = child;
    child.process.stdin?.on('error', () => {});
    child.process.stderr?.on('data', (text: Buffer) => {
      this.#complaint = (this.#complaint + text.toString()).slice(-4_000);
    });
    this.#rungs = job.rungs.map((rung) => new RungOutput(rung, this.#baseUs, this.#options));
    for (const pipe of pipes) {
      const stream = child.process.stdio[pipe.pipe];
      if (stream !== null && stream !== undefined && 'on' in stream) {
        this.#read(pipe, stream as Readable);
      }
    }
  }

  #read(pipe: OutputPipe, stream: Readable): void {
    let consume: (chunk: Buffer) => void;
    if (pipe.kind === 'thumbnails') {
      const reader = new ThumbnailReader((timeMs, jpeg) =>
        this.#options.sink.onThumbnail(this.#baseUs / 1000 + timeMs, jpeg),
      );
      consume = (chunk) => reader.push(chunk);
    } else {
      const receivers =
        pipe.kind === 'video'
          ? this.#rungs.filter((output) => output.rung === pipe.rung)
          : this.#rungs.filter((output) => output.rung.audioKbps === pipe.kbps);
      const reader = new FlvReader({
        maxBodyBytes: MAX_TAG_BYTES,
        onTag: (tag) => {
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
    const release = setInterval(() => {
      for (const output of this.#rungs) output.release();
    }, RELEASE_EVERY_MS);
    child.process.stdin?.end();
    const force = setTimeout(() => child.process.kill('SIGKILL'), KILL_GRACE_MS);
    const exit = await new Promise<{ code: number | null }>((resolve) =>
      child.process.once('close', (code) => resolve({ code })),
    );
    clearTimeout(force);
    clearInterval(release);
    for (const output of this.#rungs) output.flush();
    if (exit.code !== 0 && exit.code !== null && !this.#stopped) {
      throw new AmphiError(
        'internal',
        `ffmpeg failed (${exit.code}): ${this.#complaint.trim().slice(-1_000)}`,
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

/** The audio configuration in this tag when it differs from the one in force. */
function newAudioConfig(tag: FlvTag, current: Uint8Array | undefined): Uint8Array | undefined {
  if (tag.body[1] !== 0) return undefined;
  const av = parseAvTag(tag.type, tag.body);
  if (av.kind !== 'audio-config') return undefined;
  if (current !== undefined && Buffer.compare(av.config, current) === 0) return undefined;
  return copyBytes(av.config);
}

/** One rung's way from encoded frames to parts. */
class RungOutput {
  readonly rung: JobRung;
  readonly #baseUs: number;
  readonly #options: RunOptions;
  #avcConfig: Uint8Array | undefined;
  #aacConfig: Uint8Array | undefined;
  #cutter: MuxedCutter | AudioCutter | undefined;
  #early: FlvTag[] = [];

  constructor(rung: JobRung, baseUs: number, options: RunOptions) {
    this.rung = rung;
    this.#baseUs = baseUs;
    this.#options = options;
  }

  tag(tag: FlvTag): void {
    const av = parseAvTag(tag.type, tag.body);
    if (av.kind === 'video-config') this.#avcConfig = copyBytes(av.config);
    if (av.kind === 'audio-config') this.#aacConfig = copyBytes(av.config);
    if (av.kind !== 'video' && av.kind !== 'audio') {
      this.#configure();
      return;
    }
    const cutter = this.#cutter;
    if (cutter === undefined) {
      this.#early.push({ ...tag, body: copyBytes(tag.body) });
      return;
    }
    // The cutter keeps frames until their part is cut; the reader's chunk must not be held for them.
    const data = copyBytes(av.payload);
    if (av.kind === 'audio') {
      const number = Math.round((tag.timestampMs * AUDIO_RATE) / (1000 * AAC_FRAME_SAMPLES));
      cutter.audio({ number, key: true, data }, performance.now());
    } else if (cutter instanceof MuxedCutter && this.rung.kind === 'video') {
      const number = Math.round((tag.timestampMs * framesPerSecond(this.rung.fps)) / 1000);
      cutter.video({ number, key: av.key, data }, performance.now());
    }
  }

  release(): void {
    if (this.#cutter instanceof MuxedCutter) this.#cutter.release(performance.now());
  }

  flush(): void {
    this.#cutter?.flush();
  }

  /** Once all tracks are known: the rendition, its init segment, and a cutter. */
  #configure(): void {
    const { job, resume, sink } = this.#options;
    const { rung } = this;
    if (this.#cutter !== undefined || this.#aacConfig === undefined) return;
    if (rung.kind === 'video' && this.#avcConfig === undefined) return;
    const { grid, runId, ladderSize } = job;
    const audioTrack = {
      kind: 'audio' as const,
      trackId: AUDIO_TRACK_ID,
      timescale: AUDIO_RATE,
      channels: 2,
      aacConfig: this.#aacConfig,
    };
    const common = { renditionId: rung.name, runId, order: rung.order, ladderSize, grid };
    const audioFromUs = resume.get(rung.name)?.audioUs ?? 0;
    const onPart = (part: CutPart) => sink.onPart(rung, part);
    if (rung.kind === 'audio') {
      const rendition: Rendition = {
        ...common,
        kind: 'audio',
        codecs: AAC_CODEC,
        width: 0,
        height: 0,
        frameRate: 0,
        bitsPerSecond: rung.audioKbps * 1000,
      };
      sink.onRendition(rung, rendition, initSegment([audioTrack]));
      this.#cutter = new AudioCutter({ grid, baseUs: this.#baseUs, audioFromUs, onPart });
    } else if (this.#avcConfig !== undefined) {
      const { sps } = parseAvcConfig(this.#avcConfig);
      const { width, height } = sps;
      const rendition: Rendition = {
        ...common,
        kind: 'video',
        codecs: `${avcCodecString(sps)},${AAC_CODEC}`,
        width,
        height,
        frameRate: Number(framesPerSecond(rung.fps).toFixed(3)),
        bitsPerSecond: (rung.videoKbps + rung.audioKbps) * 1000,
      };
      const videoTrack = {
        kind: 'video' as const,
        trackId: VIDEO_TRACK_ID,
        timescale: videoTimescale(rung.fps),
        width,
        height,
        avcConfig: this.#avcConfig,
      };
      sink.onRendition(rung, rendition, initSegment([videoTrack, audioTrack]));
      this.#cutter = new MuxedCutter({
        grid,
        fps: rung.fps,
        baseUs: this.#baseUs,
        audioFromUs,
        onPart,
      });
    }
    for (const tag of this.#early.splice(0)) this.tag(tag);
  }
}

const AAC_CODEC = 'mp4a.40.2';
