import type { CutGrid } from '#contracts';

/** Places on the cut grid: which segment and which part a time belongs to. */
export class PartGrid {
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
