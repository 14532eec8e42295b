import type { RoomNotice } from '#contracts';

export interface Line {
  number: number;
  notice: RoomNotice;
}

/** A room's notices in their order: kept for an owner that comes back, up to a bound. */
export class NoticeLog {
  readonly #kept: number;
  readonly #lines: Line[] = [];
  #latest = 0;
  #follower: ((line: Line) => void) | undefined;

  /** `kept`: so many at least can be had again; the oldest are forgotten. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** The number of the latest one, from 1. */
  get latest(): number {
    return this.#latest;
  }

  add(notice: RoomNotice): void {
    const line = { number: ++this.#latest, notice };
    this.#lines.push(line);
    // Half of it at once: an array that loses its head each time is copied each time.
    if (this.#lines.length >= this.#kept * 2) this.#lines.splice(0, this.#kept);
    this.#follower?.(line);
  }

  /** For whoever listens now; nobody is told of it later. */
  tell(notice: RoomNotice): void {
    this.#follower?.({ number: this.#latest, notice });
  }

  /**
   * Everything after number `after`, then whatever comes; one follower at a time.
   * Where some of it is no longer kept, or `after` is not of this log, `gap` comes
   * first and what is past is left out. Returns what ends it.
   */
  follow(after: number, follower: (line: Line) => void): () => void {
    const first = this.#lines[0]?.number ?? this.#latest + 1;
    if (after < first - 1 || after > this.#latest) {
      follower({ number: this.#latest, notice: { notice: 'gap' } });
    } else {
      for (const line of this.#lines) if (line.number > after) follower(line);
    }
    this.#follower = follower;
    return () => {
      if (this.#follower === follower) this.#follower = undefined;
    };
  }
}
