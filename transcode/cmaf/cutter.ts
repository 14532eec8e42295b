import type { FrameRate } from '#config';
import type { CutGrid } from '#contracts';
import { AAC_FRAME_SAMPLES, type FragmentSample, fragment } from '#protocol';
import { AUDIO_RATE } from '../command.ts';

/**
 * Cuts encoded frames into parts (one `moof` + `mdat` each) where the grid
 * says. Pure: frames in, parts out; whoever cuts the same frames, whenever
 * started, cuts at the same places.
 */

export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;

export interface CutPart {
  bytes: Uint8Array;
  startUs: number;
  /** End of the picture, or of the sound where there is no picture. */
  endUs: number;
  /** End of the sound in it; where the next part's sound begins. */
  audioEndUs: number;
  independent: boolean;
}

/** A frame with its number on the grid of its rate, counted from the feed's base. */
export interface NumberedFrame {
  number: number;
  key: boolean;
  data: Uint8Array;
}

const AUDIO_FRAME_US = (AAC_FRAME_SAMPLES * 1_000_000) / AUDIO_RATE;
/**
 * The sound of a part ends this much before its picture, so that a part need
 * not wait for sound that the encoder still holds.
 */
const AUDIO_LAG_US = 3 * AUDIO_FRAME_US;
/** A part waits for its sound no longer than this. */
const AUDIO_PATIENCE_MS = 250;

/** Ticks a second of a video track, such that one frame is a whole number of ticks. */
export function videoTimescale({ num }: FrameRate): number {
  return num < 1000 ? num * 1000 : num;
}

interface SealedPart {
  frames: NumberedFrame[];
  startUs: number;
  endUs: number;
  sealedAtMs: number;
}

/** Places on the grid: which segment and which part a time belongs to. */
class Grid {
  readonly #grid: CutGrid;
  /** Times this close before a boundary count as behind it. */
  readonly #hairUs: number;

  constructor(grid: CutGrid, hairUs: number) {
    this.#grid = grid;
    this.#hairUs = hairUs;
  }

  /** A number that changes exactly where a part begins. */
  partOf(us: number): number {
    const { segmentUs, phaseUs, partsPerSegment } = this.#grid;
    const since = us - phaseUs + this.#hairUs;
    const segment = Math.floor(since / segmentUs);
    const within = since - segment * segmentUs;
    const part = Math.floor((within * partsPerSegment) / segmentUs);
    return segment * partsPerSegment + Math.min(part, partsPerSegment - 1);
  }
}

export interface MuxedCutterOptions {
  grid: CutGrid;
  fps: FrameRate;
  /** Epoch time of frame number 0 of both tracks, in microseconds; whole seconds. */
  baseUs: number;
  /** Sound before this is left out: it is there already. */
  audioFromUs: number;
  onPart: (part: CutPart) => void;
}

/** Picture and sound in one file. */
export class MuxedCutter {
  readonly #options: MuxedCutterOptions;
  readonly #grid: Grid;
  readonly #timescale: number;
  readonly #frameTicks: number;
  #frames: NumberedFrame[] = [];
  #audio: NumberedFrame[] = [];
  #audioEndUs: number;
  #sealed: SealedPart[] = [];
  #sequence = 0;
  #started = false;

  constructor(options: MuxedCutterOptions) {
    const { fps } = options;
    this.#options = options;
    this.#grid = new Grid(options.grid, (250_000 * fps.den) / fps.num);
    this.#timescale = videoTimescale(fps);
    this.#frameTicks = (this.#timescale * fps.den) / fps.num;
    this.#audioEndUs = options.audioFromUs;
  }

  video(frame: NumberedFrame, nowMs: number): void {
    if (!this.#started && !frame.key) return;
    this.#started = true;
    this.#frames.push(frame);
    const startUs = this.#videoUs(frame.number);
    const endUs = this.#videoUs(frame.number + 1);
    if (this.#grid.partOf(endUs) === this.#grid.partOf(startUs)) return;
    this.#seal(nowMs);
    this.release(nowMs);
  }

  audio(frame: NumberedFrame, nowMs: number): void {
    const startUs = this.#audioUs(frame.number);
    if (startUs < this.#audioEndUs - AUDIO_FRAME_US / 2) return;
    this.#audio.push(frame);
    this.#audioEndUs = startUs + AUDIO_FRAME_US;
    this.release(nowMs);
  }

  /** Gives out the parts that have their sound, or have waited for it long enough. */
  release(nowMs: number): void {
    for (let part = this.#sealed[0]; part !== undefined; part = this.#sealed[0]) {
      const soundThere = this.#audioEndUs >= part.endUs - AUDIO_LAG_US;
      if (!soundThere && nowMs - part.sealedAtMs < AUDIO_PATIENCE_MS) return;
      this.#sealed.shift();
      this.#emit(part);
    }
  }

  /** The stream has ended: everything goes out. */
  flush(): void {
    this.#seal(0);
    for (const part of this.#sealed.splice(0)) this.#emit(part);
  }

  #seal(nowMs: number): void {
    const first = this.#frames[0];
    const last = this.#frames.at(-1);
    if (first === undefined || last === undefined) return;
    this.#sealed.push({
      frames: this.#frames,
      startUs: this.#videoUs(first.number),
      endUs: this.#videoUs(last.number + 1),
      sealedAtMs: nowMs,
    });
    this.#frames = [];
  }

  #emit(part: SealedPart): void {
    const [first] = part.frames;
    if (first === undefined) return;
    const untilUs = part.endUs - AUDIO_LAG_US;
    const count = this.#audio.findIndex((frame) => this.#audioUs(frame.number) >= untilUs);
    const sound = this.#audio.splice(0, count < 0 ? this.#audio.length : count);
    const baseSeconds = this.#options.baseUs / 1e6;
    const bytes = fragment(++this.#sequence, [
      {
        trackId: VIDEO_TRACK_ID,
        baseDecodeTime: baseSeconds * this.#timescale + first.number * this.#frameTicks,
        samples: part.frames.map((frame, i) => ({
          duration:
            this.#frameTicks * ((part.frames[i + 1]?.number ?? frame.number + 1) - frame.number),
          compositionOffset: 0,
          key: frame.key,
          data: frame.data,
        })),
      },
      {
        trackId: AUDIO_TRACK_ID,
        baseDecodeTime: baseSeconds * AUDIO_RATE + (sound[0]?.number ?? 0) * AAC_FRAME_SAMPLES,
        samples: sound.map(audioSample),
      },
    ]);
    const lastSound = sound.at(-1);
    this.#options.onPart({
      bytes,
      startUs: part.startUs,
      endUs: part.endUs,
      audioEndUs: lastSound === undefined ? untilUs : this.#audioUs(lastSound.number + 1),
      independent: first.key,
    });
  }

  #videoUs(number: number): number {
    const { baseUs, fps } = this.#options;
    return baseUs + (number * 1e6 * fps.den) / fps.num;
  }

  #audioUs(number: number): number {
    return this.#options.baseUs + number * AUDIO_FRAME_US;
  }
}

export interface AudioCutterOptions {
  grid: CutGrid;
  baseUs: number;
  audioFromUs: number;
  onPart: (part: CutPart) => void;
}

/** Sound alone. */
export class AudioCutter {
  readonly #options: AudioCutterOptions;
  readonly #grid: Grid;
  #frames: NumberedFrame[] = [];
  #endUs: number;
  #sequence = 0;

  constructor(options: AudioCutterOptions) {
    this.#options = options;
    this.#grid = new Grid(options.grid, AUDIO_FRAME_US / 2);
    this.#endUs = options.audioFromUs;
  }

  audio(frame: NumberedFrame): void {
    const startUs = this.#audioUs(frame.number);
    if (startUs < this.#endUs - AUDIO_FRAME_US / 2) return;
    this.#frames.push(frame);
    this.#endUs = startUs + AUDIO_FRAME_US;
    if (this.#grid.partOf(this.#endUs) !== this.#grid.partOf(startUs)) this.flush();
  }

  flush(): void {
    const first = this.#frames[0];
    if (first === undefined) return;
    const { baseUs, onPart } = this.#options;
    const baseDecodeTime = (baseUs / 1e6) * AUDIO_RATE + first.number * AAC_FRAME_SAMPLES;
    const samples = this.#frames.map(audioSample);
    this.#frames = [];
    onPart({
      bytes: fragment(++this.#sequence, [{ trackId: AUDIO_TRACK_ID, baseDecodeTime, samples }]),
      startUs: this.#audioUs(first.number),
      endUs: this.#endUs,
      audioEndUs: this.#endUs,
      independent: true,
    });
  }

  #audioUs(number: number): number {
    return this.#options.baseUs + number * AUDIO_FRAME_US;
  }
}

const audioSample = (frame: NumberedFrame): FragmentSample => ({
  duration: AAC_FRAME_SAMPLES,
  compositionOffset: 0,
  key: true,
  data: frame.data,
});
