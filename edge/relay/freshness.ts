import { PLAYLIST, type ResourceHead } from '../http/resource.ts';
import type { Target } from './target.ts';

/** For how long answers may be repeated, and which of two playlists is the newer. */

/** A playlist without directives is only fresh for about a part. */
const OPEN_PLAYLIST_MS = 200;
/** While no parent answers, a playlist may be repeated for this long, media for as long as it is kept. */
const STALE_PLAYLIST_MS = 4_000;
const STALE_MEDIA_MS = 3_600_000;
/** A parent that is behind what was shown is not believed for so long; then what it has is all there is. */
const BEHIND_MS = 10_000;
const MAX_PATHS = 10_000;

export interface Times {
  freshUntilMs: number;
  staleUntilMs: number;
}

export class Freshness {
  /** The newest that viewers were shown of each playlist. */
  readonly #newest = new Map<string, { position: number; atMs: number }>();

  /** By what the parent allows, less the time for which the answer has been under way. */
  times(target: Target, head: ResourceHead, nowMs: number, ageMs: number): Times {
    const maxAgeMs = Number(head.cacheControl.match(/max-age=(\d{1,9})/)?.[1] ?? 0) * 1000;
    const isPlaylist = head.contentType === PLAYLIST;
    const isOpen = isPlaylist && !target.isBlocking;
    const freshMs = Math.max(0, maxAgeMs - ageMs);
    return {
      freshUntilMs: nowMs + (isOpen ? Math.min(freshMs, OPEN_PLAYLIST_MS) : freshMs),
      staleUntilMs: nowMs + (isPlaylist ? STALE_PLAYLIST_MS : STALE_MEDIA_MS),
    };
  }

  /** Of a playlist that was asked for with directives, for those who ask without. */
  openTimes(nowMs: number): Times {
    return {
      freshUntilMs: nowMs + OPEN_PLAYLIST_MS,
      staleUntilMs: nowMs + STALE_PLAYLIST_MS,
    };
  }

  /** Where viewers have got to, if an answer at this position would take them back. */
  aheadOf(path: string, position: number | undefined, nowMs: number): number | undefined {
    const newest = this.#newest.get(path);
    if (newest === undefined || position === undefined) return undefined;
    if (nowMs - newest.atMs > BEHIND_MS) return undefined;
    return position < newest.position ? newest.position : undefined;
  }

  /** Notes what viewers are shown. True when nothing newer is known. */
  seen(path: string, position: number, nowMs: number): boolean {
    const newest = this.#newest.get(path);
    const isOld = newest !== undefined && nowMs - newest.atMs <= BEHIND_MS;
    if (isOld && position < newest.position) return false;
    if (this.#newest.size >= MAX_PATHS) this.#newest.clear();
    this.#newest.set(path, { position, atMs: nowMs });
    return true;
  }
}
