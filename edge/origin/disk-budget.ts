import { type Clock, type Logger, systemClock } from '#base';
import type { EventStore } from './event-store.ts';
import type { SpoolEvents } from './spool/spool.ts';

/** When the disk is full, or the limit is passed, this share of what is kept goes at once. */
const SHRINK_SHARE = 0.1;
/** The file system is given time to free what was let go. */
const SHRINK_EVERY_MS = 2_000;
const WARN_EVERY_MS = 30_000;
/** Trouble is over when the disk has taken everything for so long. */
const QUIET_MS = 30_000;

export interface DiskBudgetOptions {
  limitBytes: number;
  events: () => Iterable<EventStore>;
  log: Logger;
  clock?: Clock;
}

/** Keeps the DVR windows of all events within a limit, and within what the disk has room for. */
export class DiskBudget implements SpoolEvents {
  readonly #options: DiskBudgetOptions;
  readonly #clock: Clock;
  #trouble: { reason: string; atMs: number } | undefined;
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  #shrunkAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: DiskBudgetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** What is wrong with the disk, if anything. */
  get trouble(): string | undefined {
    return this.#trouble?.reason;
  }

  get bytes(): number {
    let bytes = 0;
    for (const event of this.#options.events()) bytes += event.bytesOnDisk;
    return bytes;
  }

  /** Brings the windows back under the limit; to be called every now and then. */
  sweep(): void {
    const { limitBytes } = this.#options;
    const excess = this.bytes - limitBytes;
    if (excess > 0) this.#shrink(excess + limitBytes * SHRINK_SHARE);
  }

  onTrouble(reason: string, full: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    this.#trouble = { reason, atMs: nowMs };
    if (full && nowMs - this.#shrunkAtMs >= SHRINK_EVERY_MS) {
      this.#shrunkAtMs = nowMs;
      this.#shrink(this.bytes * SHRINK_SHARE);
    }
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return;
    this.#warnedAtMs = nowMs;
    this.#options.log.warn(
      { reason },
      full ? 'the disk is full: live goes on, the DVR window shrinks' : 'DVR not written',
    );
  }

  onWritten(): void {
    if (this.#trouble === undefined) return;
    if (this.#clock.monotonicMs() - this.#trouble.atMs < QUIET_MS) return;
    this.#trouble = undefined;
    this.#options.log.info({}, 'the disk takes everything again');
  }

  /** Frees about so many bytes, oldest segments first, of whichever event. */
  #shrink(bytes: number): void {
    const rows = [...this.#options.events()].flatMap((event) =>
      event.renditions.map(({ store }) => ({ store, next: 0, untilUs: 0 })),
    );
    for (let left = bytes; left > 0; ) {
      let oldest: (typeof rows)[number] | undefined;
      for (const row of rows) {
        const startUs = row.store.segments[row.next]?.startUs;
        if (startUs === undefined) continue;
        const before = oldest?.store.segments[oldest.next]?.startUs ?? Number.POSITIVE_INFINITY;
        if (startUs < before) oldest = row;
      }
      const segment = oldest?.store.segments[oldest.next];
      if (oldest === undefined || segment === undefined) break;
      left -= segment.size;
      oldest.next++;
      oldest.untilUs = segment.startUs + segment.durationUs;
    }
    // The store itself keeps what a live playlist may not do without.
    for (const { store, untilUs } of rows) if (untilUs > 0) store.trim(untilUs, untilUs);
  }
}
