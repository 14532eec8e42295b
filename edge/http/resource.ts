import { randomBytes } from 'node:crypto';
import { TIME_HEADER } from '#contracts';

/** Something that a GET can answer with: made once, shared by all who ask. */
export interface ResourceHead {
  contentType: string;
  etag: string;
  cacheControl: string;
  /** Byte ranges make sense. */
  ranges: boolean;
  /** Only for viewers who show a token of the event. */
  restricted: boolean;
  /** Of answers that change: grows with each change, so that an older one is recognised. */
  position: number | undefined;
}

export interface Resource extends ResourceHead {
  /** The body in pieces that are sent one after the other, never copied per viewer. */
  body: readonly Uint8Array[];
  size: number;
}

export const PLAYLIST = 'application/vnd.apple.mpegurl';
export const MP4 = 'video/mp4';
export const JSON_TYPE = 'application/json';
export const VTT = 'text/vtt';
export const JPEG = 'image/jpeg';

/** Set to `token` on answers of private events; caches of ours keep it with what they keep. */
export const ACCESS_HEADER = 'amphi-access';
export const ACCESS_TOKEN = 'token';
export const POSITION_HEADER = 'amphi-position';
/** A playlist's position is its newest media sequence number times this, plus the newest part's index. */
export const POSITION_PARTS = 10_000;

/** Tells the etags of this process from those of one before it, which counted the same numbers. */
export const ETAG_NONCE = randomBytes(4).toString('hex');

export function resource(
  body: Uint8Array | readonly Uint8Array[],
  about: Pick<ResourceHead, 'contentType' | 'etag' | 'cacheControl'> & Partial<ResourceHead>,
): Resource {
  const pieces = body instanceof Uint8Array ? [body] : body;
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return { ranges: false, restricted: false, position: undefined, ...about, body: pieces, size };
}

/** RFC 9111: for how long, and by whom, an answer may be repeated. */
export function cacheControl(
  restricted: boolean,
  seconds: number,
  options: { immutable?: boolean } = {},
): string {
  const scope = restricted ? 'private' : 'public';
  return `${scope}, max-age=${Math.round(seconds)}${options.immutable ? ', immutable' : ''}`;
}

/** What every answer to a viewer says besides what it is; the names as they go over the wire. */
export const COMMON_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': `Date, Age, Content-Length, Content-Range, ${TIME_HEADER}`,
  'timing-allow-origin': '*',
  'x-content-type-options': 'nosniff',
} as const;
