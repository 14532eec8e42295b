import type { LadderStep } from '../congestion/allocation.ts';
import { RiseHold } from './rise-hold.ts';

/** As high as there are streams. */
const TOP = 7;

/** What the path leaves to a consumer: at most this rank and temporal layer, no picture below zero. */
export class PathBound {
  readonly #rises = new RiseHold();
  /** False while nothing is known of the path, and while there is no picture. */
  #given = false;
  rank = TOP;
  temporal = TOP;

  /** True when congestion control has a say. */
  get holds(): boolean {
    return this.#given || this.rank < 0;
  }

  mayRise(nowMs: number): boolean {
    return this.#rises.mayRise(nowMs);
  }

  /** The step of a ladder that is within the bound; -1 when nothing has been given yet. */
  stepOf(ladder: readonly LadderStep[]): number {
    let present = -1;
    for (let i = 0; this.#given && i < ladder.length; i++) {
      const step = ladder[i];
      if (step === undefined || step.rank > this.rank) continue;
      if (step.rank < this.rank || step.temporal <= this.temporal) present = i;
    }
    return present;
  }

  /** `usefulRank` is the highest that is wanted: to fall to it is no fall. */
  set(rank: number, temporal: number, usefulRank: number, nowMs: number): void {
    const [rankBefore, temporalBefore] = [this.rank, this.temporal];
    const givenBefore = this.#given;
    this.rank = rank;
    this.temporal = temporal;
    this.#given = rank >= 0;
    if (!givenBefore) {
      if (rankBefore < 0 && rank >= 0) this.#rises.rose(nowMs);
    } else if (rank > rankBefore || (rank === rankBefore && temporal > temporalBefore)) {
      this.#rises.rose(nowMs);
    } else if (rank < Math.min(usefulRank, rankBefore) || temporal < temporalBefore) {
      this.#rises.fell(nowMs);
    }
  }

  release(): void {
    this.#given = false;
    this.rank = TOP;
    this.temporal = TOP;
  }
}
