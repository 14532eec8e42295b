import type { IncomingMessage, ServerResponse } from 'node:http';

/** Something that a GET can answer with: made once, shared by all who ask. */
export interface Resource {
  contentType: string;
  /** The body in pieces that are sent one after the other, never copied per viewer. */
  body: readonly Uint8Array[];
  size: number;
  etag: string;
  cacheControl: string;
  /** Ranges make sense. */
  ranges: boolean;
}

export function resource(
  body: Uint8Array | readonly Uint8Array[],
  about: Pick<Resource, 'contentType' | 'etag' | 'cacheControl'> & { ranges?: boolean },
): Resource {
  const pieces = body instanceof Uint8Array ? [body] : body;
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return { ranges: false, ...about, body: pieces, size };
}

export const PLAYLIST = 'application/vnd.apple.mpegurl';
export const MP4 = 'video/mp4';

/** Answers a GET or HEAD with this resource: conditional (RFC 9110 13), a single byte range (14), or whole. */
export function sendResource(req: IncomingMessage, res: ServerResponse, found: Resource): void {
  const headers: Record<string, string | number> = {
    'content-type': found.contentType,
    'cache-control': found.cacheControl,
    etag: found.etag,
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Date, Age, Content-Length, Content-Range',
    'timing-allow-origin': '*',
  };
  if (found.ranges) headers['accept-ranges'] = 'bytes';
  if (matches(req.headers['if-none-match'], found.etag)) {
    res.writeHead(304, headers);
    res.end();
    return;
  }
  const range = found.ranges ? parseRange(req.headers.range, found.size) : undefined;
  if (range === 'unsatisfiable') {
    res.writeHead(416, {
      ...headers,
      'content-range': `bytes */${found.size}`,
      'content-length': 0,
    });
    res.end();
    return;
  }
  const body = range === undefined ? found.body : slice(found.body, range.start, range.end);
  if (range !== undefined) {
    headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${found.size}`;
  }
  headers['content-length'] = range === undefined ? found.size : range.end - range.start;
  res.writeHead(range === undefined ? 200 : 206, headers);
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  const last = body.length - 1;
  for (let i = 0; i < last; i++) res.write(body[i]);
  res.end(body[last]);
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}

/** A single range of RFC 9110 14.1.2; several ranges, or another unit, are answered in whole. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = header?.match(/^bytes=(\d{0,15})-(\d{0,15})$/);
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

function slice(body: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
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
