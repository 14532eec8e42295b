import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError } from '#base';
import { eventIdSchema } from '#contracts';
import { rangeOf, sliceBody } from '../http/range.ts';
import {
  ACCESS_HEADER,
  ACCESS_TOKEN,
  cacheControl,
  ETAG_NONCE,
  JPEG,
  JSON_TYPE,
  MP4,
  PLAYLIST,
  POSITION_HEADER,
  POSITION_PARTS,
  type Resource,
  resource,
  VTT,
} from '../http/resource.ts';
import type { ViewerSum } from '../viewers/sum.ts';
import type { EventStore, HeldRendition } from './event-store.ts';
import type { MasterForm } from './master.ts';
import { nextPart, type PlaylistForm, TOKEN_PARAMETER, type UriStyle } from './playlists.ts';
import { bytesInMemory } from './segment.ts';
import { isThere, type Wanted, wantedOf, whenThere } from './wait.ts';

/** What relays read from the origin, all under `/hls/{eventId}/`. */

export interface OriginReader {
  event(eventId: string): EventStore | undefined;
  viewers: Pick<ViewerSum, 'report'>;
}

const IMMUTABLE_SECONDS = 86_400;
/** Media may be kept as long as it is listed, and not less than this. */
const LEAST_MEDIA_SECONDS = 60;
/** The draft lets answers to blocking requests be repeated for six target durations. */
const BLOCKING_TARGETS = 6;
const OPEN_PLAYLIST_SECONDS = 1;
/** The next run has the same address. */
const ENDED_PLAYLIST_SECONDS = 2;
const STORYBOARD_SECONDS = 2;
const POSTER_SECONDS = 4;
const MASTER_WAIT_MS = 2_500;
const STATUS_WAIT_MS = 15_000;
const MAX_REPORTED_VIEWERS = 10_000_000;

const PLAYLISTS: Readonly<Record<string, readonly [PlaylistForm, PlaylistForm]>> = {
  'media.m3u8': ['low-latency', 'delta'],
  'plain.m3u8': ['plain', 'plain'],
  'iframes.m3u8': ['iframes', 'iframes-delta'],
};
const MASTERS: Readonly<Record<string, MasterForm>> = {
  'master.m3u8': 'low-latency',
  'plain.m3u8': 'plain',
};

interface Asked {
  query: URLSearchParams;
  signal: AbortSignal;
}

/** Answers one GET. Throws problems; the caller sends them. */
export async function serveOrigin(
  reader: OriginReader,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://origin');
  const [, , eventId = '', ...path] = url.pathname.split('/');
  if (!eventIdSchema.safeParse(eventId).success) throw new AmphiError('not_found');
  const event = reader.event(eventId);
  if (event === undefined) throw new AmphiError('event_not_found', `no event ${eventId} here`);
  const aborted = new AbortController();
  res.once('close', () => aborted.abort());
  const asked = { query: url.searchParams, signal: aborted.signal };
  noteReport(reader, eventId, asked.query);
  try {
    const found = await find(event, path, asked);
    if (!res.destroyed) send(req, res, { ...found, restricted: event.status.isPrivate });
  } catch (error) {
    // A refusal, too, is only for those who may ask.
    if (event.status.isPrivate && !res.headersSent) res.setHeader(ACCESS_HEADER, ACCESS_TOKEN);
    throw error;
  }
}

/** A relay says how many watch through it. */
function noteReport({ viewers }: OriginReader, eventId: string, query: URLSearchParams): void {
  const relay = query.get('relay') ?? '';
  const count = Number(query.get('viewers') ?? Number.NaN);
  if (!/^[a-z0-9]{8,32}$/.test(relay) || !Number.isSafeInteger(count)) return;
  if (count >= 0 && count <= MAX_REPORTED_VIEWERS) viewers.report(eventId, relay, count);
}

async function find(event: EventStore, path: readonly string[], asked: Asked): Promise<Resource> {
  const [first = '', second] = path;
  if (path.length > 2) throw new AmphiError('not_found');
  if (second === undefined) {
    if (first === 'status.json') return status(event, asked);
    if (event.runId === undefined) {
      throw new AmphiError('not_live', `event ${event.eventId} is not on air`);
    }
    const form = MASTERS[first];
    if (form !== undefined) return master(event, form, asked);
    if (first === 'poster.jpg') return picture(event, event.thumbnails.times.at(-1), true);
    throw new AmphiError('not_found');
  }
  if (first === 'thumbnails') return storyboard(event, second);
  const held = event.rendition(first);
  if (held === undefined) throw new AmphiError('not_found', `no rendition ${first}`);
  return renditionFile(event, held, second, asked);
}

async function renditionFile(
  event: EventStore,
  held: HeldRendition,
  name: string,
  asked: Asked,
): Promise<Resource> {
  const forms = PLAYLISTS[name];
  if (forms !== undefined) return playlist(event, held, forms, asked);
  const numbers = name.match(/^(\d{1,15})(?:\.(\d{1,4}))?\.m4s$/);
  const init = name.startsWith('init-') ? held.store.initNamed(name) : undefined;
  let body: Uint8Array | Uint8Array[] | undefined;
  if (numbers !== null) {
    const msn = Number(numbers[1]);
    body =
      numbers[2] === undefined
        ? await segment(held, msn)
        : await part(held, { msn, part: Number(numbers[2]) }, asked.signal);
  } else {
    body = init;
  }
  if (body === undefined) throw new AmphiError('not_found');
  const seconds =
    init === undefined
      ? Math.max(LEAST_MEDIA_SECONDS, event.status.value.dvrSeconds)
      : IMMUTABLE_SECONDS;
  return resource(body, {
    contentType: MP4,
    etag: `"${held.store.rendition.runId}-${held.store.rendition.renditionId}-${name}"`,
    cacheControl: cacheControl(event.status.isPrivate, seconds, { immutable: true }),
    ranges: true,
  });
}

async function playlist(
  event: EventStore,
  held: HeldRendition,
  [full, delta]: readonly [PlaylistForm, PlaylistForm],
  { query, signal }: Asked,
): Promise<Resource> {
  const { store, playlists, catchUp } = held;
  if (full === 'iframes' && store.rendition.kind !== 'video') throw new AmphiError('not_found');
  await catchUp.wait();
  const wanted = wantedOf(query);
  if (wanted !== undefined) await whenThere(store, wanted, signal);
  const { newest, ended, rendition } = store;
  if (newest === undefined) throw new AmphiError('not_live', 'nothing to play yet');
  const skips = /^(YES|v2)$/.test(query.get('_HLS_skip') ?? '');
  const form = skips && !ended ? delta : full;
  const style = styleOf(event, query);
  const blockingSeconds = (BLOCKING_TARGETS * rendition.grid.segmentUs) / 1e6;
  const seconds = wanted === undefined ? OPEN_PLAYLIST_SECONDS : Math.ceil(blockingSeconds);
  return resource(playlists.get(form, style), {
    contentType: PLAYLIST,
    etag: `"${ETAG_NONCE}-${rendition.runId}-${form}-${style}-${playlists.version(form)}"`,
    cacheControl: cacheControl(event.status.isPrivate, ended ? ENDED_PLAYLIST_SECONDS : seconds),
    position: newest.msn * POSITION_PARTS + newest.part,
  });
}

/** Only who has the token in the address can put it into the addresses that follow. */
const styleOf = (event: EventStore, query: URLSearchParams): UriStyle =>
  event.status.isPrivate && query.has(TOKEN_PARAMETER) ? 'token' : 'bare';

async function segment(held: HeldRendition, msn: number): Promise<Uint8Array | Uint8Array[]> {
  const found = held.store.segment(msn);
  if (found === undefined || !found.complete || found.gap) {
    throw new AmphiError('segment_gone', `segment ${msn} is not here`);
  }
  return bytesInMemory(found) ?? held.spool.read(found);
}

async function part(
  { store, spool, catchUp }: HeldRendition,
  wanted: Required<Wanted> & { part: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { msn, part: index } = wanted;
  if (!isThere(store, wanted)) {
    // It may have been published before a restart.
    await catchUp.wait();
    const next = nextPart(store);
    // Only the part that the playlist has hinted at is worth waiting for.
    if (msn === next?.msn && index === next.part) await whenThere(store, wanted, signal);
  }
  const found = store.segment(msn);
  const piece = found?.parts[index];
  if (found === undefined || piece === undefined || piece.gap) {
    throw new AmphiError('segment_gone', `part ${msn}.${index} is not here`);
  }
  return piece.bytes ?? spool.read(found, piece.offset, piece.size);
}

/** Waits a moment for the whole ladder, so that nobody starts with half of it. */
async function master(
  event: EventStore,
  form: MasterForm,
  { query, signal }: Asked,
): Promise<Resource> {
  if (!event.ladderComplete) {
    await eventually(event, () => event.ladderComplete, MASTER_WAIT_MS, signal);
  }
  const style = styleOf(event, query);
  const text = event.master(form, style);
  if (text === undefined) throw new AmphiError('not_live', 'nothing to play yet');
  return resource(Buffer.from(text), {
    contentType: PLAYLIST,
    etag: `"${event.runId}-${hash(text)}"`,
    cacheControl: cacheControl(event.status.isPrivate, OPEN_PLAYLIST_SECONDS),
  });
}

async function status(event: EventStore, { query, signal }: Asked): Promise<Resource> {
  const after = Number(query.get('after') ?? -1);
  const { status } = event;
  if (status.value.version <= after) {
    await eventually(status, () => status.value.version > after, STATUS_WAIT_MS, signal);
  }
  const { version } = status.value;
  return resource(Buffer.from(JSON.stringify(status.value)), {
    contentType: JSON_TYPE,
    etag: `"${version}"`,
    cacheControl: 'no-cache',
    position: version,
  });
}

async function storyboard(event: EventStore, name: string): Promise<Resource> {
  if (name !== 'storyboard.vtt') {
    const time = name.match(/^(\d{1,15})\.jpg$/)?.[1];
    return picture(event, time === undefined ? undefined : Number(time), false);
  }
  const { thumbnails, status } = event;
  const text = thumbnails.vtt(status.value.startedAt ?? thumbnails.times[0] ?? 0);
  return resource(Buffer.from(text), {
    contentType: VTT,
    etag: `"${event.runId}-${hash(text)}"`,
    cacheControl: cacheControl(status.isPrivate, STORYBOARD_SECONDS),
  });
}

async function picture(
  event: EventStore,
  timeMs: number | undefined,
  changes: boolean,
): Promise<Resource> {
  const jpeg =
    timeMs === undefined ? undefined : await event.thumbnails.read(event.thumbnailFolder(), timeMs);
  if (jpeg === undefined) throw new AmphiError('not_found', 'no such picture');
  const seconds = changes ? POSTER_SECONDS : IMMUTABLE_SECONDS;
  return resource(jpeg, {
    contentType: JPEG,
    etag: `"${event.runId}-${timeMs}"`,
    cacheControl: cacheControl(event.status.isPrivate, seconds, { immutable: !changes }),
  });
}

/** Waits until something is so, or the time is up. */
function eventually(
  source: { on(name: 'changed', listener: () => void): () => void },
  isSo: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      off();
      clearTimeout(timer);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const off = source.on('changed', () => {
      if (isSo()) settle();
    });
    const timer = setTimeout(settle, ms);
    signal.addEventListener('abort', settle, { once: true });
  });
}

function hash(text: string): string {
  let h = 5381;
  for (let i = 0; i < text.length; i++) h = ((h * 33) ^ text.charCodeAt(i)) >>> 0;
  return h.toString(36);
}

/** Answers a relay, which asks for whole objects or for the rest of one. */
function send(req: IncomingMessage, res: ServerResponse, found: Resource): void {
  const { contentType, etag, ranges, restricted, position, size } = found;
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    'cache-control': found.cacheControl,
    etag,
    ...(ranges ? { 'accept-ranges': 'bytes' } : {}),
    ...(restricted ? { [ACCESS_HEADER]: ACCESS_TOKEN } : {}),
    ...(position === undefined ? {} : { [POSITION_HEADER]: position }),
  };
  const { range: rangeHeader } = req.headers;
  const ifRange = req.headers['if-range'];
  const range = ranges
    ? rangeOf({ range: rangeHeader, ifRange: ifRange as string | undefined }, { etag, size })
    : undefined;
  if (range === 'unsatisfiable') {
    res.writeHead(416, { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 });
    res.end();
    return;
  }
  const body = range === undefined ? found.body : sliceBody(found.body, range);
  if (range !== undefined) {
    headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${size}`;
  }
  headers['content-length'] = range === undefined ? size : range.end - range.start;
  res.writeHead(range === undefined ? 200 : 206, headers);
  if (req.method === 'GET') for (const piece of body) res.write(piece);
  res.end();
}
