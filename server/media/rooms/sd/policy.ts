/** A picture as its sender gives it, or as it would be made. */
export interface Picture {
  width: number;
  height: number;
}

/** The one stream of a sender that gives one only. */
export interface Source extends Picture {
  bitsPerSecond: number;
}

/** What is made of a source. */
export interface Target extends Picture {
  kbps: number;
}

/** What one receiver wants of a picture. */
export interface Demand {
  /** In pixels; as large as it comes when left out. 0 × 0: not now. */
  size?: Picture | undefined;
  paused: boolean;
  /** The path does not bear the original. */
  starved: boolean;
}

/** Smaller sources are small enough for everybody. */
const MIN_SOURCE_LINES = 300;
const MAX_LINES = 360;
/** What a source must have more than what is made of it. */
const MIN_RATIO = 1.25;
/** Of the two ratios of width to height. */
const SAME_SHAPE = 0.03;
const FRAMES_PER_SECOND = 30;
const BITS_PER_PIXEL = 0.06;
const MIN_KBPS = 80;
/** Of what the source takes: more would not make it lighter. */
const SHARE_OF_SOURCE = 0.5;

const lines = ({ width, height }: Picture): number => Math.min(width, height);
const even = (pixels: number): number => Math.max(2, Math.round(pixels / 2) * 2);

/**
 * What to make of a source: half its size, halved again until it has 360 lines at
 * most, whichever way up it is. Undefined where it has under 300 lines itself.
 */
export function targetOf(source: Source): Target | undefined {
  if (lines(source) < MIN_SOURCE_LINES) return undefined;
  let factor = 2;
  while (lines(source) / factor > MAX_LINES) factor *= 2;
  const width = even(source.width / factor);
  const height = even(source.height / factor);
  const goodKbps = (width * height * FRAMES_PER_SECOND * BITS_PER_PIXEL) / 1_000;
  const ofSource = (source.bitsPerSecond * SHARE_OF_SOURCE) / 1_000;
  const kbps = Math.round(Math.max(MIN_KBPS, Math.min(goodKbps, ofSource || goodKbps)));
  return { width, height, kbps };
}

/** Whether what is made of a source that changed its size is still smaller than it, and of its shape. */
export function stillFits(target: Picture, source: Picture): boolean {
  const shape = (picture: Picture) => picture.width / picture.height;
  return (
    source.height >= target.height * MIN_RATIO &&
    source.width >= target.width * MIN_RATIO &&
    Math.abs(shape(source) / shape(target) - 1) < SAME_SHAPE
  );
}

/** Whether the smaller picture does for a receiver: it fills the place, or the path bears no more. */
export function isServed(demand: Demand, target: Picture): boolean {
  const { size, paused, starved } = demand;
  if (paused) return false;
  if (starved) return true;
  if (size === undefined || (size.width === 0 && size.height === 0)) return false;
  return target.width >= size.width || target.height >= size.height;
}

/** The stream of a producer that has no other one. */
export function soleStream(
  streams: readonly (Source & { live: boolean })[],
): Source | 'several' | undefined {
  const live = streams.filter((stream) => stream.live);
  const [only] = live;
  if (live.length > 1) return 'several';
  return only === undefined || only.width === 0 || only.height === 0 ? undefined : only;
}

/** So long it must be wanted, and so long unwanted, before something happens. */
const BEGIN_AFTER_MS = 2_000;
const END_AFTER_MS = 5_000;

/** When to begin and when to end. Time is handed in. */
export class Patience {
  #sinceMs: number | undefined;

  /** What follows from whether it is wanted now, and whether there is one. */
  judge(wanted: boolean, present: boolean, nowMs: number): 'begin' | 'end' | 'stay' {
    if (wanted === present) {
      this.#sinceMs = undefined;
      return 'stay';
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < (wanted ? BEGIN_AFTER_MS : END_AFTER_MS)) return 'stay';
    this.#sinceMs = undefined;
    return wanted ? 'begin' : 'end';
  }
}

const FIRST_HUNGER_MS = 30_000;
const MAX_HUNGER_MS = 240_000;
/** A path that fails so soon after a try has not become better. */
const SAME_PATH_MS = 10_000;

/**
 * Whether a path bears the original. Nothing tells that while it carries the
 * smaller one; so the original is tried again, ever more seldom.
 */
export class Hunger {
  #untilMs = 0;
  #lastsMs = FIRST_HUNGER_MS;

  /** The path did not bear the original. */
  starve(nowMs: number): void {
    const again = nowMs - this.#untilMs < SAME_PATH_MS && this.#untilMs > 0;
    if (nowMs < this.#untilMs) return;
    this.#lastsMs = again ? Math.min(this.#lastsMs * 2, MAX_HUNGER_MS) : FIRST_HUNGER_MS;
    this.#untilMs = nowMs + this.#lastsMs;
  }

  /** The path bears the original. */
  fed(): void {
    this.#untilMs = 0;
  }

  isStarved(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }
}
