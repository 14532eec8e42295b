import type { JobRung } from '#contracts';
import { pixelRate, type VideoRung } from './pace.ts';

const MAX_WAIT_MS = 30 * 60_000;
/** What is idle is looked at over this long. */
const WINDOW_MS = 10_000;
/** More has to be idle than the rung is likely to take. */
const RESERVE = 1.5;

/** What the machine has done so far. */
export interface Work {
  /** Processor seconds of the ffmpeg that is running; undefined where the system does not tell. */
  usedSeconds: number | undefined;
  /** Seconds that processors had nothing to do. */
  idleSeconds: number;
}

/** Decides when a machine that was too slow has room again. Times are monotonic milliseconds. */
export class Comeback {
  #waitMs: number;
  #sinceMs: number;
  #window: { atMs: number; work: Work } | undefined;

  /** A rung that was given up is tried again after `waitMs`, and after twice as long each time that fails. */
  constructor(waitMs: number, nowMs: number) {
    this.#waitMs = waitMs;
    this.#sinceMs = nowMs;
  }

  /** It was tried in vain: the next time comes later. */
  failed(nowMs: number): void {
    this.#waitMs = Math.min(MAX_WAIT_MS, this.#waitMs * 2);
    this.wait(nowMs);
  }

  /** Something was given up or taken up: what the machine has room for is to be seen anew. */
  wait(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#window = undefined;
  }

  /** Whether there is room for `rung` beside `others`. Call now and then; it measures when it has to. */
  hasRoom(
    rung: VideoRung,
    others: readonly JobRung[],
    measure: () => Work,
    nowMs: number,
  ): boolean {
    if (nowMs - this.#sinceMs < this.#waitMs) return false;
    const before = this.#window;
    if (before !== undefined && nowMs - before.atMs < WINDOW_MS) return false;
    const work = measure();
    this.#window = { atMs: nowMs, work };
    if (before === undefined) return false;
    const seconds = (nowMs - before.atMs) / 1_000;
    const idle = (work.idleSeconds - before.work.idleSeconds) / seconds;
    const used = (work.usedSeconds ?? Number.NaN) - (before.work.usedSeconds ?? Number.NaN);
    // Another ffmpeg than at the beginning, or none that tells: only time decides.
    if (!(used > 0)) return work.usedSeconds === undefined;
    return idle > RESERVE * (used / seconds) * shareOf(rung, others);
  }
}

/** What encoding a rung costs, over what encoding the others does: about as their pictures. */
function shareOf(rung: VideoRung, others: readonly JobRung[]): number {
  const known = others.reduce(
    (sum, other) => sum + (other.kind === 'video' ? pixelRate(other) : 0),
    0,
  );
  return known > 0 ? pixelRate(rung) / known : 1;
}
