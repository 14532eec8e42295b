import { type Micros, micros, Unwrapper } from '#base';

/**
 * Maps an encoder's clock (32-bit milliseconds from anywhere) onto the epoch
 * timeline. Pure: arrival times are passed in.
 *
 * The first sample is anchored at its arrival. From then on the encoder's
 * clock rules, slewed so gently that nobody hears it towards the wall clock,
 * so that a day-long stream neither runs away from it nor falls behind. A jump
 * re-anchors; audio and video, which jump one after the other, stay in sync.
 */

export interface TimelineOptions {
  /** A sample this far from its arrival is a jump of the encoder's clock. */
  jumpUs?: number;
  /** Largest correction: microseconds per second of media. */
  slewUsPerSecond?: number;
  /** Drift below this is left alone. */
  deadZoneUs?: number;
}

type Track = 'audio' | 'video';

const DEFAULTS: Required<TimelineOptions> = {
  jumpUs: 4_000_000,
  slewUsPerSecond: 2_000,
  deadZoneUs: 20_000,
};

/** The least delay is looked for in windows of this length. */
const WINDOW_US = 10_000_000;
const TIMESTAMP_BITS = 32;

export class Timeline {
  readonly #options: Required<TimelineOptions>;
  readonly #tracks: Record<Track, { unwrapper: Unwrapper; offsetUs: number | undefined }> = {
    audio: { unwrapper: new Unwrapper(TIMESTAMP_BITS), offsetUs: undefined },
    video: { unwrapper: new Unwrapper(TIMESTAMP_BITS), offsetUs: undefined },
  };
  #jumps = 0;
  /** Arrival minus mapped time, the least of the window so far. */
  #windowMinUs = Number.POSITIVE_INFINITY;
  #windowStartUs = 0;
  /** Correction that is still to be slewed in; positive moves the media later. */
  #pendingUs = 0;
  #lastSlewUs = 0;
  #slewedUs = 0;
  #driftUs = 0;
  #anchorUs: number | undefined;

  constructor(options: TimelineOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Clock jumps that were mended. */
  get jumps(): number {
    return this.#jumps;
  }

  /** How far the encoder's clock has drifted from the wall clock since its anchor; positive = slow. */
  get driftUs(): number {
    return this.#driftUs;
  }

  /**
   * Sets where the timeline is anchored: epoch time minus media time, best the
   * least of the first few samples, since the very first is often late.
   */
  anchor(offsetUs: number): void {
    this.#anchorUs = offsetUs;
  }

  /**
   * The epoch time of a sample with this timestamp that arrived now.
   * `nowUs` must not go back.
   */
  map(track: Track, timestampMs: number, nowUs: Micros): Micros {
    const own = this.#tracks[track];
    const other = this.#tracks[track === 'audio' ? 'video' : 'audio'];
    const mediaUs = own.unwrapper.unwrap(timestampMs) * 1000;
    const fits = (offsetUs: number | undefined): offsetUs is number =>
      offsetUs !== undefined && Math.abs(mediaUs + offsetUs - nowUs) <= this.#options.jumpUs;
    if (!fits(own.offsetUs)) {
      const before = own.offsetUs;
      own.offsetUs = sharedOffset(other.offsetUs ?? this.#anchorUs, fits) ?? nowUs - mediaUs;
      if (before !== undefined) this.#jumps++;
      this.#restartWindow(nowUs);
    }
    this.#observe(nowUs - (mediaUs + own.offsetUs), nowUs);
    this.#slew(nowUs);
    return micros(mediaUs + own.offsetUs);
  }

  #observe(delayUs: number, nowUs: number): void {
    this.#windowMinUs = Math.min(this.#windowMinUs, delayUs);
    // Early by the wall clock: the anchor sample was itself late. Known at once, needs no window.
    if (delayUs < -this.#options.deadZoneUs && delayUs < this.#pendingUs) this.#pendingUs = delayUs;
    if (nowUs - this.#windowStartUs < WINDOW_US) return;
    this.#driftUs = this.#slewedUs + this.#windowMinUs;
    this.#pendingUs =
      Math.abs(this.#windowMinUs) > this.#options.deadZoneUs ? this.#windowMinUs : 0;
    this.#restartWindow(nowUs, this.#pendingUs);
  }

  #restartWindow(nowUs: number, pendingUs = 0): void {
    this.#windowStartUs = nowUs;
    this.#windowMinUs = Number.POSITIVE_INFINITY;
    this.#pendingUs = pendingUs;
    this.#lastSlewUs = nowUs;
  }

  #slew(nowUs: number): void {
    const elapsedUs = nowUs - this.#lastSlewUs;
    this.#lastSlewUs = nowUs;
    if (this.#pendingUs === 0) return;
    const most = (elapsedUs * this.#options.slewUsPerSecond) / 1_000_000;
    const step = Math.max(-most, Math.min(most, this.#pendingUs));
    this.#pendingUs -= step;
    this.#slewedUs += step;
    this.#windowMinUs -= step;
    for (const track of Object.values(this.#tracks)) {
      if (track.offsetUs !== undefined) track.offsetUs += step;
    }
  }
}

/** An offset known from elsewhere, on whichever lap of the 32-bit circle makes sense: both tracks share one clock. */
function sharedOffset(
  offsetUs: number | undefined,
  fits: (offsetUs: number | undefined) => offsetUs is number,
): number | undefined {
  if (offsetUs === undefined) return undefined;
  for (const laps of [0, -1, 1]) {
    const candidate = offsetUs + laps * 2 ** TIMESTAMP_BITS * 1000;
    if (fits(candidate)) return candidate;
  }
  return undefined;
}
