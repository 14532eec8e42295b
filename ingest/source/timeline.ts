import { type Micros, micros, Unwrapper } from '#base';

/**
 * Maps an encoder's clock (32-bit milliseconds from anywhere) onto the epoch
 * timeline. Pure: arrival times are passed in.
 *
 * The first sample is anchored at its arrival. From then on the encoder's
 * clock rules, slewed so gently that nobody hears it towards the wall clock,
 * so that a day-long stream neither runs away from it nor falls behind. A jump
 * of the encoder's clock re-anchors; audio and video, which jump one after the
 * other, stay in sync. A late network is no jump: what it held back is late,
 * and stays where it belongs.
 */

export interface TimelineOptions {
  /** Mapped further than this from its arrival, a sample's place is not believed. */
  jumpUs?: number;
  /** A single step of the encoder's clock that is this much longer than the wall clock's is a jump. */
  leapUs?: number;
  /** Largest correction: microseconds per second of media. */
  slewUsPerSecond?: number;
  /** Drift below this is left alone. */
  deadZoneUs?: number;
}

type Track = 'audio' | 'video';

interface TrackClock {
  readonly unwrapper: Unwrapper;
  /** Epoch time minus media time; undefined before the first sample. */
  offsetUs: number | undefined;
  lastMediaUs: number;
  lastArrivalUs: number;
  lastMappedUs: number;
}

const DEFAULTS: Required<TimelineOptions> = {
  jumpUs: 4_000_000,
  leapUs: 500_000,
  slewUsPerSecond: 2_000,
  deadZoneUs: 20_000,
};

/** A step back of less than this is sloppiness, not a jump. */
const SLOPPY_US = 100_000;
/** The least delay is looked for in windows of this length. */
const WINDOW_US = 10_000_000;
const TIMESTAMP_BITS = 32;
const LAP_US = 2 ** TIMESTAMP_BITS * 1000;

const newClock = (): TrackClock => ({
  unwrapper: new Unwrapper(TIMESTAMP_BITS),
  offsetUs: undefined,
  lastMediaUs: 0,
  lastArrivalUs: 0,
  lastMappedUs: Number.NEGATIVE_INFINITY,
});

export class Timeline {
  readonly #options: Required<TimelineOptions>;
  readonly #audio = newClock();
  readonly #video = newClock();
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
   * The epoch time of a sample with this timestamp that arrived now. Rises
   * with every sample of a track. `nowUs` must not go back.
   */
  map(track: Track, timestampMs: number, nowUs: Micros): Micros {
    const own = track === 'audio' ? this.#audio : this.#video;
    const mediaUs = own.unwrapper.unwrap(timestampMs) * 1000;
    if (own.offsetUs === undefined || this.#isJump(own, own.offsetUs, mediaUs, nowUs)) {
      this.#anchorTrack(own, mediaUs, nowUs);
    }
    this.#observe(nowUs - (mediaUs + (own.offsetUs ?? 0)), nowUs);
    this.#slew(nowUs);
    own.lastMediaUs = mediaUs;
    own.lastArrivalUs = nowUs;
    own.lastMappedUs = Math.max(mediaUs + (own.offsetUs ?? 0), own.lastMappedUs + 1);
    return micros(own.lastMappedUs);
  }

  #isJump(own: TrackClock, offsetUs: number, mediaUs: number, nowUs: number): boolean {
    const stepUs = mediaUs - own.lastMediaUs;
    if (stepUs < -SLOPPY_US) return true;
    const earlyUs = mediaUs + offsetUs - nowUs;
    const { leapUs, jumpUs } = this.#options;
    const leap = earlyUs > leapUs && stepUs - (nowUs - own.lastArrivalUs) > leapUs;
    return leap || earlyUs > jumpUs;
  }

  /** Audio and video share one clock: where the other track has its place already, this one goes along. */
  #anchorTrack(own: TrackClock, mediaUs: number, nowUs: number): void {
    const first = own.offsetUs === undefined;
    const other = own === this.#audio ? this.#video : this.#audio;
    const shared = nearestLap(other.offsetUs ?? this.#anchorUs, mediaUs, nowUs);
    const believed = shared !== undefined && this.#isBelievable(own, mediaUs + shared, nowUs);
    own.offsetUs = believed ? shared : nowUs - mediaUs;
    if (!first && !believed) this.#jumps++;
    this.#restartWindow(nowUs);
  }

  #isBelievable(own: TrackClock, mappedUs: number, nowUs: number): boolean {
    const { jumpUs, leapUs } = this.#options;
    if (own.offsetUs === undefined) return Math.abs(mappedUs - nowUs) <= jumpUs;
    return mappedUs > own.lastMappedUs - SLOPPY_US && mappedUs < nowUs + leapUs;
  }

  #observe(delayUs: number, nowUs: number): void {
    if (delayUs < this.#windowMinUs) this.#windowMinUs = delayUs;
    // Early by the wall clock: the anchor sample was itself late. Known at once, needs no window.
    if (delayUs < -this.#options.deadZoneUs && delayUs < this.#pendingUs) this.#pendingUs = delayUs;
    if (nowUs - this.#windowStartUs < WINDOW_US) return;
    const leastUs = this.#windowMinUs;
    this.#driftUs = this.#slewedUs + leastUs;
    if (leastUs > this.#options.jumpUs) {
      // Late for a whole window by more than could ever be slewed in: the media moves at once.
      this.#shift(leastUs);
      this.#jumps++;
      this.#restartWindow(nowUs);
    } else {
      this.#restartWindow(nowUs, Math.abs(leastUs) > this.#options.deadZoneUs ? leastUs : 0);
    }
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
    this.#shift(step);
  }

  #shift(byUs: number): void {
    if (this.#audio.offsetUs !== undefined) this.#audio.offsetUs += byUs;
    if (this.#video.offsetUs !== undefined) this.#video.offsetUs += byUs;
  }
}

/** An offset known from elsewhere, on that lap of the 32-bit circle which brings the sample nearest to now. */
function nearestLap(
  offsetUs: number | undefined,
  mediaUs: number,
  nowUs: number,
): number | undefined {
  if (offsetUs === undefined) return undefined;
  return offsetUs + Math.round((nowUs - mediaUs - offsetUs) / LAP_US) * LAP_US;
}
