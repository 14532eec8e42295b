import type { JobRung } from '#contracts';

/** Further behind than this, a run is given up and begun again at the newest key frame. */
const MAX_LAG_US = 6_000_000;
/** A run that takes up where another left off begins behind, and catches up. */
const CATCH_UP_MS = 8_000;
/** Given up so often within so long: the machine is too slow for what is asked of it. */
const SHED_AFTER = 2;
const SHED_WITHIN_MS = 90_000;

/** What is to be done about a run's delay. */
type Verdict = 'fine' | 'restart' | 'shed';

/** Tells a hiccup from a machine that is too slow. Times are monotonic milliseconds. */
export class Pace {
  #begunAtMs: number | undefined;
  #lagUs = 0;
  #giveUps: number[] = [];

  /** A new run begins. */
  begin(): void {
    this.#begunAtMs = undefined;
    this.#lagUs = Number.POSITIVE_INFINITY;
  }

  judge(lagUs: number, nowMs: number): Verdict {
    this.#begunAtMs ??= nowMs;
    const shrinks = lagUs < this.#lagUs;
    this.#lagUs = lagUs;
    if (lagUs < MAX_LAG_US || shrinks || nowMs - this.#begunAtMs < CATCH_UP_MS) return 'fine';
    this.#giveUps = this.#giveUps.filter((atMs) => nowMs - atMs < SHED_WITHIN_MS);
    this.#giveUps.push(nowMs);
    if (this.#giveUps.length < SHED_AFTER) return 'restart';
    this.#giveUps = [];
    return 'shed';
  }
}

export type VideoRung = Extract<JobRung, { kind: 'video' }>;

export const pixelRate = ({ width, height, fps }: VideoRung): number =>
  (width * height * fps.num) / fps.den;

/** The rung whose loss frees most; undefined when only one with a picture is left. */
export function dearestRung(rungs: readonly JobRung[]): VideoRung | undefined {
  const pictures = rungs.filter((rung) => rung.kind === 'video');
  if (pictures.length < 2) return undefined;
  return pictures.filter((rung) => !rung.copy).sort((a, b) => pixelRate(b) - pixelRate(a))[0];
}
