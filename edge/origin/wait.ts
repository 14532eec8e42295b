import { AmphiError } from '#base';
import { partTargetUs, targetSeconds } from './grid.ts';
import type { RenditionStore } from './rendition-store.ts';

/** Blocking playlist reload (draft-pantos-hls-rfc8216bis 6.2.5.2). */

export interface Wanted {
  msn: number;
  /** Undefined: the whole segment. */
  part: number | undefined;
}

/** A request may ask for this many segments beyond the newest. */
const MAX_AHEAD_SEGMENTS = 2;
/** The draft's Advance Part Limit, as a time. */
const MAX_AHEAD_SECONDS = 3;
const MAX_WAIT_TARGETS = 3;

/** Reads the directives of a playlist request. Throws `bad_request` when they contradict themselves. */
export function wantedOf(query: URLSearchParams): Wanted | undefined {
  const msn = integer(query, '_HLS_msn');
  const part = integer(query, '_HLS_part');
  if (msn === undefined) {
    if (part === undefined) return undefined;
    throw new AmphiError('bad_request', '_HLS_part needs _HLS_msn');
  }
  return { msn, part };
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new AmphiError('bad_request', `${name} must be a whole number`);
  return Number(text);
}

/** True when the playlist has what is wanted, or never will. */
export function isThere(store: RenditionStore, { msn, part }: Wanted): boolean {
  const last = store.segments.at(-1);
  if (store.ended) return true;
  if (last === undefined) return false;
  if (msn < last.number) return true;
  if (msn > last.number) return false;
  if (part === undefined) return last.complete;
  // A part beyond the end of a complete segment is the first of the next.
  return part < last.parts.length;
}

/**
 * True for what no player has reason to ask for yet. More is allowed than the
 * draft's limit by the parts of one segment: hls.js asks for the last part of
 * the next segment when it does not play at low latency, and further when it
 * catches up with a cached playlist.
 */
export function isTooFar(store: RenditionStore, { msn, part = 0 }: Wanted): boolean {
  const { newest, rendition } = store;
  if (newest === undefined || msn > newest.msn + MAX_AHEAD_SEGMENTS) return true;
  const { partsPerSegment } = rendition.grid;
  const aheadParts = (msn - newest.msn) * partsPerSegment + part - newest.part;
  const limit = Math.ceil((MAX_AHEAD_SECONDS * 1e6) / partTargetUs(rendition));
  return aheadParts > Math.max(limit, MAX_AHEAD_SECONDS) + partsPerSegment;
}

/**
 * Resolves when the playlist has what is wanted. Rejects with `future_part`
 * when it lies too far ahead, and `unavailable` when it does not come.
 */
export function whenThere(
  store: RenditionStore,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<void> {
  if (isThere(store, wanted)) return Promise.resolve();
  if (isTooFar(store, wanted)) {
    const { msn, part } = wanted;
    const what = part === undefined ? `segment ${msn}` : `part ${msn}.${part}`;
    return Promise.reject(new AmphiError('future_part', `${what} lies too far ahead`));
  }
  if (signal.aborted) return Promise.reject(new AmphiError('closed'));
  return new Promise((resolve, reject) => {
    const settle = () => {
      off();
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const off = store.on('advanced', () => {
      if (!isThere(store, wanted)) return;
      settle();
      resolve();
    });
    const timer = setTimeout(
      () => {
        settle();
        reject(new AmphiError('unavailable', 'the next part is late'));
      },
      MAX_WAIT_TARGETS * targetSeconds(store.rendition.grid) * 1_000,
    );
    const onAbort = () => {
      settle();
      reject(new AmphiError('closed'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
