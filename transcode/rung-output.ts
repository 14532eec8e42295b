import { copyBytes } from '#base';
import { type FrameRate, framesPerSecond } from '#config';
import type { CutGrid, JobRung, Rendition, TranscodeJob } from '#contracts';
import {
  AAC_FRAME_SAMPLES,
  avcCodecString,
  type FlvTag,
  initSegment,
  parseAvcConfig,
  parseAvTag,
} from '#protocol';
import {
  AUDIO_RATE,
  AUDIO_TRACK_ID,
  AudioCutter,
  type CutPart,
  MuxedCutter,
  VIDEO_TRACK_ID,
} from './cmaf/cutter.ts';
import type { Resume } from './resume.ts';

/** Where what a rung makes goes. */
export interface RungSink {
  /** What a rung's parts need, before its first part. */
  onRendition(rung: JobRung, rendition: Rendition, init: Uint8Array): void;
  onPart(rung: JobRung, part: CutPart): void;
}

const AAC_CODEC = 'mp4a.40.2';
/** Copied pictures keep the milliseconds of their source. */
const COPY_TIMESCALE = 90_000;
/** An audio frame this far from where counting expects it starts the count anew. */
const AUDIO_SLIP_FRAMES = 0.9;

/** Ticks a second of a picture track, such that one frame is a whole number of ticks. */
export function videoTimescale({ num }: FrameRate): number {
  return num < 1000 ? num * 1000 : num;
}

/** One rung's way from FLV tags, encoded or copied, to parts. */
export class RungOutput {
  readonly rung: JobRung;
  readonly #job: TranscodeJob;
  readonly #baseUs: number;
  readonly #resume: Resume | undefined;
  readonly #sink: RungSink;
  #avcConfig: Uint8Array | undefined;
  #aacConfig: Uint8Array | undefined;
  #cutter: MuxedCutter | AudioCutter | undefined;
  /** Frames that came before all tracks were known. */
  readonly #early: FlvTag[] = [];
  #lastAudioNumber = Number.NEGATIVE_INFINITY;

  constructor(options: {
    rung: JobRung;
    job: TranscodeJob;
    /** Epoch time of FLV timestamp 0. */
    baseUs: number;
    resume: Resume | undefined;
    sink: RungSink;
  }) {
    this.rung = options.rung;
    this.#job = options.job;
    this.#baseUs = options.baseUs;
    this.#resume = options.resume;
    this.#sink = options.sink;
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
      cutter.audio({ number: this.#audioNumber(tag), data }, performance.now());
    } else if (cutter instanceof MuxedCutter && this.rung.kind === 'video') {
      cutter.video({ ...this.#place(tag, this.rung), key: av.key, data }, performance.now());
    }
  }

  release(): void {
    if (this.#cutter instanceof MuxedCutter) this.#cutter.release(performance.now());
  }

  flush(): void {
    this.#cutter?.flush();
  }

  /** An encoded frame is a whole number of frames from the base; a copied one is where its source put it. */
  #place(tag: FlvTag, rung: JobRung & { kind: 'video' }): { start: number; duration: number } {
    const fps = framesPerSecond(rung.fps);
    if (rung.copy) {
      const start = (tag.timestampMs * COPY_TIMESCALE) / 1000;
      return { start, duration: Math.round(COPY_TIMESCALE / fps) };
    }
    const duration = Math.round(videoTimescale(rung.fps) / fps);
    return { start: Math.round((tag.timestampMs * fps) / 1000) * duration, duration };
  }

  /**
   * Frames are counted rather than dated: a source whose sound has changed its
   * form leaves the encoder off the grid by a part of a frame, and milliseconds
   * would then round one way and the other.
   */
  #audioNumber(tag: FlvTag): number {
    const exact = (tag.timestampMs * AUDIO_RATE) / (1000 * AAC_FRAME_SAMPLES);
    const next = this.#lastAudioNumber + 1;
    this.#lastAudioNumber = Math.abs(exact - next) < AUDIO_SLIP_FRAMES ? next : Math.round(exact);
    return this.#lastAudioNumber;
  }

  /** Once all tracks are known: the rendition, its init segment, and a cutter. */
  #configure(): void {
    if (this.#cutter !== undefined || this.#aacConfig === undefined) return;
    if (this.rung.kind === 'audio') {
      this.#cutter = this.#configureAudio(this.rung, this.#aacConfig);
    } else if (this.#avcConfig !== undefined) {
      this.#cutter = this.#configureMuxed(this.rung, this.#avcConfig, this.#aacConfig);
    }
    if (this.#cutter === undefined) return;
    for (const tag of this.#early.splice(0)) this.tag(tag);
  }

  #common(): {
    runId: string;
    ladderSize: number;
    grid: CutGrid;
    renditionId: string;
    order: number;
  } {
    const { runId, ladderSize, grid } = this.#job;
    return { runId, ladderSize, grid, renditionId: this.rung.name, order: this.rung.order };
  }

  #configureAudio(rung: JobRung & { kind: 'audio' }, aacConfig: Uint8Array): AudioCutter {
    const rendition: Rendition = {
      ...this.#common(),
      kind: 'audio',
      codecs: AAC_CODEC,
      width: 0,
      height: 0,
      frameRate: 0,
      bitsPerSecond: rung.audioKbps * 1000,
    };
    this.#sink.onRendition(rung, rendition, initSegment([audioTrack(aacConfig)]));
    return new AudioCutter({
      grid: this.#job.grid,
      baseUs: this.#baseUs,
      audioFromUs: this.#resume?.audioUs ?? 0,
      onPart: (part) => this.#sink.onPart(rung, part),
    });
  }

  #configureMuxed(
    rung: JobRung & { kind: 'video' },
    avcConfig: Uint8Array,
    aacConfig: Uint8Array,
  ): MuxedCutter {
    const { sps } = parseAvcConfig(avcConfig);
    const { width, height } = sps;
    const fps = framesPerSecond(rung.fps);
    const timescale = rung.copy ? COPY_TIMESCALE : videoTimescale(rung.fps);
    const rendition: Rendition = {
      ...this.#common(),
      kind: 'video',
      codecs: `${avcCodecString(sps)},${AAC_CODEC}`,
      width,
      height,
      frameRate: Number(fps.toFixed(3)),
      bitsPerSecond: (rung.videoKbps + rung.audioKbps) * 1000,
    };
    const videoTrack = {
      kind: 'video' as const,
      trackId: VIDEO_TRACK_ID,
      timescale,
      width,
      height,
      avcConfig,
    };
    this.#sink.onRendition(rung, rendition, initSegment([videoTrack, audioTrack(aacConfig)]));
    return new MuxedCutter({
      grid: this.#job.grid,
      timescale,
      frameUs: 1e6 / fps,
      baseUs: this.#baseUs,
      videoFromUs: this.#resume?.videoUs ?? 0,
      audioFromUs: this.#resume?.audioUs ?? 0,
      onPart: (part) => this.#sink.onPart(rung, part),
    });
  }
}

function audioTrack(aacConfig: Uint8Array) {
  return {
    kind: 'audio' as const,
    trackId: AUDIO_TRACK_ID,
    timescale: AUDIO_RATE,
    channels: 2,
    aacConfig,
  };
}
