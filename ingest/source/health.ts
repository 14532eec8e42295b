import type { MediaConfig, MediaUnit, SourceHealth } from '#contracts';
import { parseAacConfig, parseAvcConfig } from '#protocol';
import { advise } from './advice.ts';
import { Rate } from './rate.ts';

const RATE_SECONDS = 4;
/** Without a key frame for so many times the usual interval, the present one is what counts. */
const OVERDUE = 1.5;
/** Before there were two key frames, an interval counts only once it is remarkable. */
const UNKNOWN_INTERVAL_SECONDS = 4;

/** Measures one source: what arrives, how fast, how evenly. */
export class HealthMeter {
  readonly #video = { bytes: new Rate(RATE_SECONDS), frames: new Rate(RATE_SECONDS) };
  readonly #audio = { bytes: new Rate(RATE_SECONDS) };
  #videoConfig: { width: number; height: number } | undefined;
  #audioConfig: { sampleRate: number; channels: number } | undefined;
  #lastKeyUs: number | undefined;
  #lastVideoUs = 0;
  #gopSeconds: number | undefined;
  #bFrames = false;
  #unsupported: string | undefined;
  dropped = 0;
  encoder: string | undefined;

  onConfig(config: MediaConfig): void {
    if (config.track === 'video') {
      const { width, height } = parseAvcConfig(config.bytes).sps;
      this.#videoConfig = { width, height };
    } else {
      const { outputRate, channels, extension } = parseAacConfig(config.bytes);
      // Parametric stereo makes two channels of one.
      this.#audioConfig = {
        sampleRate: outputRate,
        channels: extension === 'ps' ? 2 : channels,
      };
    }
  }

  onUnit(unit: MediaUnit, nowMs: number): void {
    if (unit.track === 'audio') {
      this.#audio.bytes.add(unit.payload.length, nowMs);
      return;
    }
    this.#video.bytes.add(unit.payload.length, nowMs);
    this.#video.frames.add(1, nowMs);
    this.#lastVideoUs = unit.dts;
    if (unit.pts !== unit.dts) this.#bFrames = true;
    if (!unit.key) return;
    if (this.#lastKeyUs !== undefined) this.#gopSeconds = (unit.dts - this.#lastKeyUs) / 1e6;
    this.#lastKeyUs = unit.dts;
  }

  onUnsupported(codec: string): void {
    this.#unsupported = codec;
  }

  read(
    nowMs: number,
    about: Pick<SourceHealth, 'sourceId' | 'connected' | 'driftMs' | 'jumps'> &
      Partial<SourceHealth>,
  ): SourceHealth {
    const health: SourceHealth = {
      ...about,
      dropped: this.dropped,
      advice: [],
      ...(this.encoder === undefined ? {} : { encoder: this.encoder }),
    };
    if (this.#videoConfig !== undefined) {
      const gopSeconds = this.#keyInterval();
      health.video = {
        codec: 'H.264',
        ...this.#videoConfig,
        fps: round(this.#video.frames.perSecond(nowMs), 1),
        bitsPerSecond: Math.round(this.#video.bytes.perSecond(nowMs) * 8),
        bFrames: this.#bFrames,
        ...(gopSeconds === undefined ? {} : { gopSeconds: round(gopSeconds, 2) }),
      };
    }
    if (this.#audioConfig !== undefined) {
      health.audio = {
        codec: 'AAC',
        ...this.#audioConfig,
        bitsPerSecond: Math.round(this.#audio.bytes.perSecond(nowMs) * 8),
      };
    }
    health.advice = advise(health, this.#unsupported);
    return health;
  }

  /** The latest interval of key frames, or the present one when it is already longer. */
  #keyInterval(): number | undefined {
    if (this.#lastKeyUs === undefined) return undefined;
    const sinceSeconds = (this.#lastVideoUs - this.#lastKeyUs) / 1e6;
    if (this.#gopSeconds === undefined) {
      return sinceSeconds > UNKNOWN_INTERVAL_SECONDS ? sinceSeconds : undefined;
    }
    return sinceSeconds > this.#gopSeconds * OVERDUE ? sinceSeconds : this.#gopSeconds;
  }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
