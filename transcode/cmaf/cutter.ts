import type { CutGrid } from '#contracts';
import { AAC_FRAME_SAMPLES, type FragmentSample, fragment, silentAacFrame } from '#protocol';
import { PartGrid } from './grid.ts';

/**
 * Cuts frames into parts (one `moof` + `mdat` each) where the grid says. Pure:
 * frames in, parts out; whoever cuts the same frames, whenever started, cuts at
 * the same places.
 */

export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;
/** Every rung's sound is AAC at this rate. */
export const AUDIO_RATE = 48_000;

export interface CutPart {
  bytes: Uint8Array;
  startUs: number;
  /** End of the picture, or of the sound where there is no picture. */
  endUs: number;
  /** End of the sound so far; where the next part's sound begins. */
  audioEndUs: number;
  independent: boolean;
}

export interface VideoFrame {
  /** In ticks of the cutter's timescale after its base. */
  start: number;
  /** As far as it is known; the frame after it in the same part corrects it. */
  duration: number;
  key: boolean;
  data: Uint8Array;
}

export interface AudioFrame {
  /** Counted from the base; a frame is 1024 samples. */
  number: number;
  data: Uint8Array;
}

const AUDIO_FRAME_US = (AAC_FRAME_SAMPLES * 1_000_000) / AUDIO_RATE;
/**
 * Not a half: parts of usual lengths end at eighths and sixteenths of a frame,
 * and where a boundary met a frame's begin, rounding would decide.
 */
const AUDIO_HAIR_US = 0.45 * AUDIO_FRAME_US;
/**
 * The sound of a part ends this much before its picture, so that a part need
 * not wait for sound that the encoder still holds.
 */
const AUDIO_LAG_US = 3 * AUDIO_FRAME_US;
/** A part waits for its sound no longer than this. */
const AUDIO_PATIENCE_MS = 250;

/** Every rung's sound is stereo. */
const SILENCE = silentAacFrame(2);
/** A hole in the sound is filled up to this length: about a second. */
const MAX_FILLED_FRAMES = 48;

/**
 * The frame, and in front of it silence for those that are missing between
 * `endUs` and `startUs`: where the form of the sound changes, or an encoder was
 * started anew, some may be, and players should not have to mend it. `endUs` is
 * 0 where nothing came before.
 */
function* withoutHole(
  frame: AudioFrame,
  endUs: number,
  startUs: number,
): IterableIterator<AudioFrame> {
  const missing = endUs === 0 ? 0 : Math.round((startUs - endUs) / AUDIO_FRAME_US);
  const filled = missing > MAX_FILLED_FRAMES ? 0 : missing;
  for (let back = filled; back > 0; back--) yield { number: frame.number - back, data: SILENCE };
  yield frame;
}

interface SealedPart {
  frames: VideoFrame[];
  startUs: number;
  endUs: number;
  sealedAtMs: number;
}

export interface MuxedCutterOptions {
  grid: CutGrid;
  /** Ticks a second of the picture. */
  timescale: number;
  /** Nominal length of a frame. */
  frameUs: number;
  /** Epoch time of tick 0 of both tracks, in microseconds; whole seconds. */
  baseUs: number;
  /** Picture and sound that end before this are there already. */
  videoFromUs: number;
  audioFromUs: number;
  onPart: (part: CutPart) => void;
}

/** Picture and sound in one file. */
export class MuxedCutter {
  readonly #options: MuxedCutterOptions;
  readonly #grid: PartGrid;
  #frames: VideoFrame[] = [];
  #audio: AudioFrame[] = [];
  /** End of the sound that has come. */
  #audioEndUs: number;
  /** End of the sound that has been given out; 0 when there was none. */
  #soundOutUs: number;
  readonly #sealed: SealedPart[] = [];
  #sequence = 0;
  #started = false;

  constructor(options: MuxedCutterOptions) {
    this.#options = options;
    this.#grid = new PartGrid(options.grid, options.frameUs / 4);
    this.#audioEndUs = options.audioFromUs;
    this.#soundOutUs = options.audioFromUs;
  }

  video(frame: VideoFrame, nowMs: number): void {
    const { videoFromUs, frameUs } = this.#options;
    const startUs = this.#videoUs(frame.start);
    if (startUs < videoFromUs - frameUs / 2) return;
    // Nothing to continue: the first frame must stand on its own.
    if (!this.#started && !frame.key && videoFromUs === 0) return;
    this.#started = true;
    const first = this.#frames[0];
    // Frames are missing where the part should have ended.
    if (first !== undefined && this.#partAt(first.start) !== this.#partAt(frame.start)) {
      this.#seal(nowMs);
    }
    this.#frames.push(frame);
    if (this.#partAt(frame.start + frame.duration) !== this.#partAt(frame.start)) this.#seal(nowMs);
    this.release(nowMs);
  }

  audio(frame: AudioFrame, nowMs: number): void {
    const startUs = this.#audioUs(frame.number);
    if (startUs < this.#audioEndUs - AUDIO_FRAME_US / 2) return;
    this.#audio.push(...withoutHole(frame, this.#audioEndUs, startUs));
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
      startUs: this.#videoUs(first.start),
      endUs: this.#videoUs(last.start + last.duration),
      sealedAtMs: nowMs,
    });
    this.#frames = [];
  }

  #emit(part: SealedPart): void {
    const [first] = part.frames;
    if (first === undefined) return;
    const { baseUs, timescale, onPart } = this.#options;
    const untilUs = part.endUs - AUDIO_LAG_US;
    const count = this.#audio.findIndex((frame) => this.#audioUs(frame.number) >= untilUs);
    const sound = this.#audio.splice(0, count < 0 ? this.#audio.length : count);
    const baseSeconds = baseUs / 1e6;
    const bytes = fragment(++this.#sequence, [
      {
        trackId: VIDEO_TRACK_ID,
        baseDecodeTime: baseSeconds * timescale + first.start,
        samples: part.frames.map((frame, i) => ({
          duration: (part.frames[i + 1]?.start ?? frame.start + frame.duration) - frame.start,
          compositionOffset: 0,
          key: frame.key,
          data: frame.data,
        })),
      },
      {
        trackId: AUDIO_TRACK_ID,
        baseDecodeTime: baseSeconds * AUDIO_RATE + (sound[0]?.number ?? 0) * AAC_FRAME_SAMPLES,
        samples: audioSamples(sound),
      },
    ]);
    const lastSound = sound.at(-1);
    if (lastSound !== undefined) this.#soundOutUs = this.#audioUs(lastSound.number + 1);
    onPart({
      bytes,
      startUs: part.startUs,
      endUs: part.endUs,
      audioEndUs: this.#soundOutUs || part.startUs,
      independent: first.key,
    });
  }

  #partAt(ticks: number): number {
    return this.#grid.partOf(this.#videoUs(ticks));
  }

  #videoUs(ticks: number): number {
    const { baseUs, timescale } = this.#options;
    return baseUs + (ticks * 1e6) / timescale;
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
  readonly #grid: PartGrid;
  #frames: AudioFrame[] = [];
  #endUs: number;
  #sequence = 0;

  constructor(options: AudioCutterOptions) {
    this.#options = options;
    this.#grid = new PartGrid(options.grid, AUDIO_HAIR_US);
    this.#endUs = options.audioFromUs;
  }

  audio(frame: AudioFrame): void {
    const startUs = this.#audioUs(frame.number);
    if (startUs < this.#endUs - AUDIO_FRAME_US / 2) return;
    for (const next of withoutHole(frame, this.#endUs, startUs)) this.#add(next);
  }

  #add(frame: AudioFrame): void {
    this.#frames.push(frame);
    // To the bit the start of the next frame: a cut must not fall between the two.
    this.#endUs = this.#audioUs(frame.number + 1);
    const startUs = this.#audioUs(frame.number);
    if (this.#grid.partOf(this.#endUs) !== this.#grid.partOf(startUs)) this.flush();
  }

  flush(): void {
    const first = this.#frames[0];
    if (first === undefined) return;
    const { baseUs, onPart } = this.#options;
    const baseDecodeTime = (baseUs / 1e6) * AUDIO_RATE + first.number * AAC_FRAME_SAMPLES;
    const samples = audioSamples(this.#frames);
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

/** A frame that is followed by a hole of more than that lasts until the hole ends, so that what comes after stays in its place. */
function audioSamples(frames: readonly AudioFrame[]): FragmentSample[] {
  return frames.map((frame, i) => ({
    duration: AAC_FRAME_SAMPLES * ((frames[i + 1]?.number ?? frame.number + 1) - frame.number),
    compositionOffset: 0,
    key: true,
    data: frame.data,
  }));
}
