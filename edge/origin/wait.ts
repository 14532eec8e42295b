import { AmphiError } from '#base';
import type { RenditionStore } from './rendition-store.ts';

/** Blocking playlist reload (draft-pantos-hls-rfc8216bis 6.2.5.2). */

export interface Wanted {
  msn: number;
  /** Undefined: the whole segment. */
  part: number | undefined;
}

/** A request may ask for this many segments beyond the newest. */
const MAX_AHEAD = 2;
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
 * Resolves when the playlist has what is wanted. Rejects with `future_part`
 * when it lies too far ahead, and `timeout` when it does not come.
 */
export function whenThere(
  store: RenditionStore,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<void> {
  const newest = store.newest;
  if (isThere(store, wanted)) return Promise.resolve();
  const { grid } = store.rendition;
  if (newest === undefined || wanted.msn > newest.msn + MAX_AHEAD) {
    return Promise.reject(
      new AmphiError('future_part', `segment ${wanted.msn} lies too far ahead`),
    );
  }
  if (wanted.part !== undefined && wanted.part > grid.partsPerSegment * 2) {
    return Promise.reject(new AmphiError('future_part', `part ${wanted.part} cannot come`));
  }
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
      (MAX_WAIT_TARGETS * grid.segmentUs) / 1000,
    );
    const onAbort = () => {
      settle();
      reject(new AmphiError('closed'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
