import type { CutGrid, Rendition } from '#contracts';

/** Where a run is cut, and what its playlists promise of it. Pure arithmetic. */

const AAC_FRAME_US = (1024 * 1e6) / 48_000;
/** Lengths of a frame at the rates that encoders send, and of an AAC frame. */
const COMMON_FRAMES_US = [
  ...[24, 25, 30, 50, 60].map((fps) => 1e6 / fps),
  ...[24_000, 30_000, 60_000].map((num) => (1001 * 1e6) / num),
  AAC_FRAME_US,
];
const HOLD_BACK_PARTS = 3;
const HOLD_BACK_TARGETS = 3;
/** The draft's minimum is six target durations (4.4.3.8). */
const SKIP_TARGETS = 6;
/** A cut lies on the first frame that begins no further than this share of a frame before it. */
const HAIR_FRAMES = 0.3;
const MIN_HAIR_US = 12_000;

export const nominalPartUs = (grid: CutGrid): number => grid.segmentUs / grid.partsPerSegment;

/** EXT-X-TARGETDURATION in whole seconds. */
export const targetSeconds = (grid: CutGrid): number => Math.ceil(grid.segmentUs / 1e6);

/** The longest that a part of frames of this length can be: the nominal length, rounded up to whole frames. */
export function longestPartUs(grid: CutGrid, frameUs: number): number {
  const frames = nominalPartUs(grid) / frameUs;
  const nearest = Math.round(frames);
  const whole = Math.abs(frames - nearest) < 0.02 ? nearest : Math.ceil(frames);
  return Math.round(whole * frameUs);
}

const frameUsOf = (rendition: Rendition): number =>
  rendition.frameRate > 0 ? 1e6 / rendition.frameRate : AAC_FRAME_US;

/** PART-TARGET of a rendition. */
export const partTargetUs = (rendition: Rendition): number =>
  longestPartUs(rendition.grid, frameUsOf(rendition));

/**
 * EXT-X-SERVER-CONTROL. All playlists of a presentation must say the same
 * (6.2.4), so it depends on the grid alone: three of the longest parts that
 * any usual frame rate gives.
 */
export function serverControl(grid: CutGrid) {
  const longest = Math.max(...COMMON_FRAMES_US.map((frameUs) => longestPartUs(grid, frameUs)));
  return {
    partHoldBackUs: HOLD_BACK_PARTS * longest,
    holdBackUs: HOLD_BACK_TARGETS * targetSeconds(grid) * 1e6,
    canSkipUntilUs: SKIP_TARGETS * targetSeconds(grid) * 1e6,
  };
}

/** Number and start of segments for times of one rendition. */
export class SegmentGrid {
  readonly #grid: CutGrid;
  readonly #hairUs: number;

  constructor(rendition: Rendition) {
    this.#grid = rendition.grid;
    this.#hairUs = Math.max(MIN_HAIR_US, HAIR_FRAMES * frameUsOf(rendition));
  }

  numberAt(us: number): number {
    return Math.floor((us - this.#grid.phaseUs + this.#hairUs) / this.#grid.segmentUs);
  }

  startOf(number: number): number {
    return number * this.#grid.segmentUs + this.#grid.phaseUs;
  }
}
