import type { MediaConfig, MediaUnit, SourceHealth } from '#contracts';
import { parseAacConfig, parseAvcConfig } from '#protocol';
import { advise } from './advice.ts';

/** A mean over the last seconds: a ring of one-second buckets. */
class Rate {
  readonly #buckets: number[];
  #second = 0;
  #filled = 0;

  constructor(seconds: number) {
    this.#buckets = new Array<number>(seconds + 1).fill(0);
  }

  add(amount: number, nowMs: number): void {
    this.#advance(nowMs);
    const at = this.#second % this.#buckets.length;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + amount;
  }

  /** Per second, over the whole seconds that have passed. */
  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    const whole = Math.min(this.#filled, this.#buckets.length - 1);
    if (whole === 0) return 0;
    let sum = 0;
    for (let i = 1; i <= whole; i++) {
      sum +=
        this.#buckets[(this.#second - i + this.#buckets.length * 2) % this.#buckets.length] ?? 0;
    }
    return sum / whole;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (this.#second === 0) this.#second = second;
    const steps = second - this.#second;
    for (let i = 1; i <= Math.min(steps, this.#buckets.length); i++) {
      this.#buckets[(this.#second + i) % this.#buckets.length] = 0;
    }
    if (steps > 0) {
      this.#filled += steps;
      this.#second = second;
    }
  }
}

const RATE_SECONDS = 4;

/** Measures one source: what arrives, how fast, how evenly. */
export class HealthMeter {
  readonly #video = { bytes: new Rate(RATE_SECONDS), frames: new Rate(RATE_SECONDS) };
  readonly #audio = { bytes: new Rate(RATE_SECONDS) };
  #videoConfig: { width: number; height: number } | undefined;
  #audioConfig: { sampleRate: number; channels: number } | undefined;
  #lastKeyUs: number | undefined;
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
      const { sampleRate, channels } = parseAacConfig(config.bytes);
      this.#audioConfig = { sampleRate, channels };
    }
  }

  onUnit(unit: MediaUnit, nowMs: number): void {
    if (unit.track === 'audio') {
      this.#audio.bytes.add(unit.payload.length, nowMs);
      return;
    }
    this.#video.bytes.add(unit.payload.length, nowMs);
    this.#video.frames.add(1, nowMs);
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
      health.video = {
        codec: 'H.264',
        ...this.#videoConfig,
        fps: round(this.#video.frames.perSecond(nowMs), 1),
        bitsPerSecond: Math.round(this.#video.bytes.perSecond(nowMs) * 8),
        bFrames: this.#bFrames,
        ...(this.#gopSeconds === undefined ? {} : { gopSeconds: round(this.#gopSeconds, 2) }),
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
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
