/** Conditional and range requests (RFC 9110 13 and 14). Pure. */

export interface ByteRange {
  start: number;
  /** Exclusive. */
  end: number;
}

/** True when the viewer has this already. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === opaque);
}

/** A single range of 14.1.2; several ranges, or another unit, are answered in whole. */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = header?.match(/^bytes=(\d{0,15})-(\d{0,16})$/);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(from);
  const end = to === '' ? size : Math.min(Number(to) + 1, size);
  if (to !== '' && Number(to) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

export interface Preconditions {
  range: string | undefined;
  ifRange: string | undefined;
}

/** The range that is asked for, if it is asked of this very representation. */
export function rangeOf(
  { range, ifRange }: Preconditions,
  { etag, size }: { etag: string; size: number },
): ByteRange | 'unsatisfiable' | undefined {
  if (range === undefined) return undefined;
  // A date would have to be compared with Last-Modified, which is never sent; a weak etag never holds (13.1.5).
  if (ifRange !== undefined && (ifRange.trim() !== etag || etag.startsWith('W/'))) return undefined;
  return parseRange(range, size);
}

/** The pieces of a body that a range covers, as views. */
export function sliceBody(body: readonly Uint8Array[], { start, end }: ByteRange): Uint8Array[] {
  const out: Uint8Array[] = [];
  let at = 0;
  for (const piece of body) {
    const from = Math.max(0, start - at);
    const to = Math.min(piece.length, end - at);
    if (from < to) out.push(piece.subarray(from, to));
    at += piece.length;
  }
  return out;
}
