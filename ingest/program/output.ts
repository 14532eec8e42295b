import { type Micros, micros } from '#base';
import type { AudioUnit, MediaConfig, VideoUnit } from '#contracts';
import { parseAacConfig } from '#protocol';
import type { ProgramFeed } from './feed.ts';
import { type Silence, silenceLike, silentUnits } from './filler.ts';

/** Sound that comes this much later than the picture is taken for missing. */
const AUDIO_PATIENCE_US = 700_000;
/**
 * How far a source that comes on air may reach back behind what was there. Its
 * pictures up to then are decoded for those that follow, and not shown.
 */
const MAX_REACH_BACK_US = 3_000_000;
/** An encoder may hold its sound back for longer; it is then waited for up to this. */
const AUDIO_MAX_PATIENCE_US = 4_000_000;

/**
 * What goes on air, unit by unit: keeps both tracks of the feed rising without
 * overlap, puts configurations in band where they change, and silence where
 * there is no sound.
 */
export class ProgramOutput {
  readonly feed: ProgramFeed;
  #videoConfig: MediaConfig | undefined;
  #audioConfig: MediaConfig | undefined;
  #lastVideoUs: number;
  /** What comes next from the present source is decoded after this. */
  #decodedUs: number;
  #audioEndUs: number;
  #audioFrameUs = 0;
  #audioPatienceUs = AUDIO_PATIENCE_US;
  #silence: Silence = silenceLike(undefined);

  constructor(feed: ProgramFeed, startUs: Micros) {
    this.feed = feed;
    this.#lastVideoUs = startUs - 1;
    this.#decodedUs = this.#lastVideoUs;
    this.#audioEndUs = startUs;
  }

  /** The latest decoding time of a picture so far. */
  get lastVideoUs(): number {
    return this.#lastVideoUs;
  }

  /** Where the sound ends so far. */
  get audioEndUs(): number {
    return this.#audioEndUs;
  }

  /** Silence takes this form from now on. */
  expectAudio(config: MediaConfig | undefined): void {
    this.#audioPatienceUs = AUDIO_PATIENCE_US;
    if (config !== undefined) this.#silence = silenceLike(config);
  }

  /**
   * Another source comes on air with a key frame of this decoding time. Returns
   * by how much it must be moved so that it can follow: by nothing, unless it
   * is so late that its viewers would see a standing picture.
   */
  join(dtsUs: number, frameUs: number): number {
    const behindUs = this.#lastVideoUs + frameUs - dtsUs;
    if (behindUs > MAX_REACH_BACK_US) return Math.round(behindUs);
    this.#decodedUs = Math.min(this.#decodedUs, dtsUs - 1);
    return 0;
  }

  /** Returns false for a picture that cannot follow: too old, or no key frame after a new configuration. */
  video(config: MediaConfig, unit: VideoUnit, shiftUs = 0): boolean {
    const dts = unit.dts + shiftUs;
    if (dts <= this.#decodedUs) return false;
    if (!isSame(this.#videoConfig, config)) {
      if (!unit.key) return false;
      this.feed.config(config, micros(dts));
    }
    this.#videoConfig = config;
    this.#decodedUs = dts;
    this.#lastVideoUs = Math.max(this.#lastVideoUs, dts);
    this.feed.unit(unit, shiftUs);
    return true;
  }

  /** Returns false for sound where there is sound already. */
  audio(config: MediaConfig, unit: AudioUnit, shiftUs = 0): boolean {
    const pts = unit.pts + shiftUs;
    // Up to half a frame of overlap is rounding of the encoder's milliseconds.
    if (pts < this.#audioEndUs - this.#silence.frameUs / 2) {
      const behindUs = this.#lastVideoUs - pts;
      this.#audioPatienceUs = Math.min(
        AUDIO_MAX_PATIENCE_US,
        Math.max(this.#audioPatienceUs, behindUs + AUDIO_PATIENCE_US),
      );
      return false;
    }
    if (!isSame(this.#audioConfig, config)) {
      this.feed.config(config, micros(pts));
      const { frameSamples, sampleRate } = parseAacConfig(config.bytes);
      this.#audioFrameUs = (frameSamples * 1_000_000) / sampleRate;
      this.#silence = silenceLike(config);
    }
    this.#audioConfig = config;
    this.#audioEndUs = pts + this.#audioFrameUs;
    this.feed.unit(unit, shiftUs);
    return true;
  }

  /** Silence up to the newest picture; where sound is expected, only once it has been waited for. */
  silence(soundExpected: boolean): void {
    const untilUs = this.#lastVideoUs;
    const missingUs = untilUs - this.#audioEndUs;
    if (missingUs <= 0 || (soundExpected && missingUs < this.#audioPatienceUs)) return;
    const { config, frameUs } = this.#silence;
    for (const unit of silentUnits(this.#silence, this.#audioEndUs, untilUs)) {
      if (!isSame(this.#audioConfig, config)) this.feed.config(config, unit.pts);
      this.#audioConfig = config;
      this.#audioFrameUs = frameUs;
      this.feed.unit(unit);
      this.#audioEndUs = unit.pts + frameUs;
    }
  }
}

const isSame = (a: MediaConfig | undefined, b: MediaConfig): boolean =>
  a === b || (a !== undefined && Buffer.compare(a.bytes, b.bytes) === 0);
