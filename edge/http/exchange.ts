import { gzip } from 'node:zlib';
import { AmphiError, isAmphiError } from '#base';
import { problemOf } from '#platform';
import { Flow } from './flow.ts';
import { type ByteRange, matchesEtag, rangeOf, sliceBody } from './range.ts';
import { COMMON_HEADERS, type Resource, type ResourceHead } from './resource.ts';

/** Header fields of an answer, names in lower case. */
export type OutHeaders = Record<string, string | number>;

/** One GET or HEAD of a viewer, whatever carries it, and the way to answer it. */
export interface Exchange {
  readonly method: 'GET' | 'HEAD';
  /** Path and query. */
  readonly url: string;
  /** Address of the viewer, as far as proxies that are trusted tell it. */
  readonly address: string;
  /** It came over TLS. */
  readonly secure: boolean;
  /** A field of the request; the name in lower case. */
  header(name: string): string | undefined;
  /** True when there is nobody to answer any more. */
  readonly closed: boolean;
  /** Calls back once, when the viewer has gone or has its answer. */
  onClose(listener: () => void): void;
  /** Answers. The body is sent as it comes; a HEAD gets none. */
  send(status: number, headers: OutHeaders, body: Flow): void;
}

const NOTHING = Flow.of([]);
/** Smaller than this, compression saves nothing. */
const LEAST_COMPRESSED_BYTES = 600;
const COMPRESSIBLE = /mpegurl|json|vtt/;
const GZIP_LEVEL = 5;

/** What every answer says of a resource. */
export function headersOf(head: ResourceHead): OutHeaders {
  return {
    'content-type': head.contentType,
    'cache-control': head.cacheControl,
    etag: head.etag,
    ...COMMON_HEADERS,
    ...(head.ranges ? { 'accept-ranges': 'bytes' } : {}),
    ...(COMPRESSIBLE.test(head.contentType) ? { vary: 'Accept-Encoding' } : {}),
  };
}

export const isCompressible = (head: ResourceHead, size: number): boolean =>
  size >= LEAST_COMPRESSED_BYTES && COMPRESSIBLE.test(head.contentType);

/** True when the viewer takes gzip (RFC 9110 12.5.3), in the forms that players use. */
export function acceptsGzip(header: string | undefined): boolean {
  return header !== undefined && /(?:^|,)\s*gzip\s*(?:,|;\s*q=(?:1|0\.\d*[1-9])|$)/i.test(header);
}

export function compress(body: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(Buffer.concat(body), { level: GZIP_LEVEL }, (error, packed) => {
      if (error === null) resolve(packed);
      else reject(error);
    });
  });
}

/** The headers of a compressed answer: another representation, so another etag (RFC 9110 8.8.3). */
export function compressedHeaders(headers: OutHeaders, size: number): OutHeaders {
  return {
    ...headers,
    etag: `${String(headers['etag']).replace(/"$/, '')}-gz"`,
    'content-encoding': 'gzip',
    'content-length': size,
  };
}

/** True for a request that nothing but the whole resource answers. */
export const wantsWhole = (exchange: Exchange): boolean =>
  exchange.method === 'GET' &&
  exchange.header('range') === undefined &&
  exchange.header('if-none-match') === undefined;

/** Answers with a resource: conditional (RFC 9110 13), a single byte range (14), or whole. */
export function sendResource(exchange: Exchange, found: Resource, extra: OutHeaders = {}): void {
  const { etag, size, ranges } = found;
  const headers = { ...headersOf(found), ...extra };
  const packedEtag = String(compressedHeaders(headers, 0)['etag']);
  const known = exchange.header('if-none-match');
  if (matchesEtag(known, etag) || matchesEtag(known, packedEtag)) {
    exchange.send(304, headers, NOTHING);
    return;
  }
  const range = ranges
    ? rangeOf({ range: exchange.header('range'), ifRange: exchange.header('if-range') }, found)
    : undefined;
  if (range === 'unsatisfiable') {
    exchange.send(
      416,
      { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 },
      NOTHING,
    );
  } else if (range !== undefined) {
    exchange.send(206, rangeHeaders(headers, range, size), Flow.of(sliceBody(found.body, range)));
  } else {
    exchange.send(200, { ...headers, 'content-length': size }, Flow.of(found.body));
  }
}

const rangeHeaders = (
  headers: OutHeaders,
  { start, end }: ByteRange,
  size: number,
): OutHeaders => ({
  ...headers,
  'content-range': `bytes ${start}-${end - 1}/${size}`,
  'content-length': end - start,
});

/** Seconds after which asking again makes sense, for what passes by itself. */
const RETRY_AFTER_SECONDS: Readonly<Record<number, number>> = { 429: 5, 502: 1, 503: 1, 504: 1 };

/** Answers with a problem (RFC 9457). */
export function sendProblem(exchange: Exchange, error: unknown, extra: OutHeaders = {}): void {
  if (exchange.closed) return;
  const problem = problemOf(error);
  const body = Buffer.from(JSON.stringify(problem));
  const retryAfter = RETRY_AFTER_SECONDS[problem.status];
  exchange.send(
    problem.status,
    {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...COMMON_HEADERS,
      ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      ...extra,
      'content-length': body.length,
    },
    Flow.of([body]),
  );
}

/** An error of the outside world as the problem that the viewer is told. */
export const toProblem = (error: unknown): AmphiError =>
  isAmphiError(error) ? error : new AmphiError('upstream_failed', { cause: error });
