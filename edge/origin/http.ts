import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError } from '#base';
import { eventIdSchema } from '#contracts';
import { MP4, PLAYLIST, type Resource, resource, sendResource } from '../http/resource.ts';
import type { EventStore, HeldRendition } from './event-store.ts';
import type { PlaylistForm } from './playlists.ts';
import { isThere, wantedOf, whenThere } from './wait.ts';

/** What viewers and relays read from the origin, all under `/hls/{eventId}/`. */

export interface OriginReader {
  event(eventId: string): EventStore | undefined;
}

const IMMUTABLE_SECONDS = 86_400;
const MASTER_WAIT_MS = 2_500;
const STATUS_WAIT_MS = 15_000;

const immutable = (seconds: number) => `public, max-age=${Math.round(seconds)}, immutable`;

/** Answers one GET. Throws problems; the caller sends them. */
export async function serveOrigin(
  reader: OriginReader,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://origin');
  const [, , eventId = '', ...rest] = url.pathname.split('/');
  if (!eventIdSchema.safeParse(eventId).success) throw new AmphiError('not_found');
  const aborted = new AbortController();
  res.once('close', () => aborted.abort());
  const found = await find(reader, eventId, rest, url.searchParams, aborted.signal);
  if (!res.destroyed) sendResource(req, res, found);
}

async function find(
  reader: OriginReader,
  eventId: string,
  path: readonly string[],
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Resource> {
  const event = reader.event(eventId);
  const [first = '', second] = path;
  if (second === undefined) {
    if (first === 'status.json') return status(event, eventId, query, signal);
    if (event === undefined || event.runId === undefined) {
      throw new AmphiError('not_live', `event ${eventId} is not on air`);
    }
    if (first === 'master.m3u8') return master(event, 'low-latency', signal);
    if (first === 'plain.m3u8') return master(event, 'plain', signal);
    if (first === 'poster.jpg') return thumbnail(event, event.thumbnails.times.at(-1), 4);
    throw new AmphiError('not_found');
  }
  if (path.length !== 2) throw new AmphiError('not_found');
  if (event === undefined) throw new AmphiError('not_live', `event ${eventId} is not on air`);
  if (first === 'thumbnails') return storyboard(event, second);
  const held = event.rendition(first);
  if (held === undefined) throw new AmphiError('not_found', `no rendition ${first}`);
  return renditionFile(event, held, second, query, signal);
}

async function renditionFile(
  event: EventStore,
  held: HeldRendition,
  name: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Resource> {
  switch (name) {
    case 'media.m3u8': {
      const form = query.has('_HLS_skip') ? 'delta' : 'low-latency';
      return media(held, form, query, signal);
    }
    case 'plain.m3u8':
      return media(held, 'plain', query, signal);
    case 'iframes.m3u8':
      return media(held, 'iframes', query, signal);
  }
  const dvrSeconds = event.dvrUs / 1e6;
  const numbers = name.match(/^(\d{1,15})(?:\.(\d{1,4}))?\.m4s$/);
  if (numbers !== null) {
    const number = Number(numbers[1]);
    if (numbers[2] === undefined) return segment(held, number, dvrSeconds);
    return part(held, number, Number(numbers[2]), dvrSeconds, signal);
  }
  const init = name.match(/^init-(\d{1,6})\.mp4$/);
  const bytes = init === null ? undefined : held.store.init(Number(init[1]));
  if (bytes === undefined) throw new AmphiError('not_found');
  return resource(bytes, {
    contentType: MP4,
    etag: `"${held.store.rendition.runId}-${name}"`,
    cacheControl: immutable(IMMUTABLE_SECONDS),
    ranges: true,
  });
}

async function media(
  held: HeldRendition,
  form: PlaylistForm,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Resource> {
  const { store, playlists } = held;
  const wanted = wantedOf(query);
  if (wanted !== undefined) await whenThere(store, wanted, signal);
  if (store.segments.length === 0) throw new AmphiError('not_live', 'nothing to play yet');
  const target = store.rendition.grid.segmentUs / 1e6;
  // A blocking answer is for ever the answer to that question; the draft allows six target durations.
  const seconds = wanted === undefined ? 1 : Math.ceil(target * 6);
  return resource(playlists.get(form), {
    contentType: PLAYLIST,
    etag: `"${store.rendition.runId}-${form}-${store.version}"`,
    cacheControl: `public, max-age=${store.ended ? 60 : seconds}`,
  });
}

async function segment(held: HeldRendition, number: number, dvrSeconds: number): Promise<Resource> {
  const { store, spool } = held;
  const found = store.segment(number);
  if (found === undefined || !found.complete || found.gap) {
    throw new AmphiError('segment_gone', `segment ${number} is not here`);
  }
  const body = found.memory ?? [await readOrGone(() => spool.read(found))];
  return resource(body, media4(held, String(number), dvrSeconds));
}

async function part(
  held: HeldRendition,
  number: number,
  index: number,
  dvrSeconds: number,
  signal: AbortSignal,
): Promise<Resource> {
  const { store, spool } = held;
  const newest = store.newest;
  const wanted = { msn: number, part: index };
  if (!isThere(store, wanted) && newest !== undefined) {
    // Only the part that the playlist has hinted at is worth waiting for.
    const last = store.segments.at(-1);
    const next = last?.complete
      ? { msn: newest.msn + 1, part: 0 }
      : { msn: newest.msn, part: newest.part + 1 };
    const hinted = number === next.msn && index === next.part;
    if (!hinted) throw new AmphiError('segment_gone', `part ${number}.${index} is not here`);
    await whenThere(store, wanted, signal);
  }
  const found = store.segment(number);
  const piece = found?.parts[index];
  if (found === undefined || piece === undefined || piece.gap) {
    throw new AmphiError('segment_gone', `part ${number}.${index} is not here`);
  }
  const inMemory = found.memory?.[found.parts.slice(0, index).filter((p) => !p.gap).length];
  const body = inMemory ?? (await readOrGone(() => spool.read(found, piece.offset, piece.size)));
  return resource(body, media4(held, `${number}.${index}`, dvrSeconds));
}

async function readOrGone(read: () => Promise<Buffer>): Promise<Buffer> {
  try {
    return await read();
  } catch (cause) {
    throw new AmphiError('segment_gone', { cause });
  }
}

function media4(held: HeldRendition, name: string, dvrSeconds: number) {
  return {
    contentType: MP4,
    etag: `"${held.store.rendition.runId}-${name}"`,
    cacheControl: immutable(Math.max(60, dvrSeconds)),
    ranges: true,
  };
}

/** Waits a moment for the whole ladder, so that nobody starts with half of it. */
async function master(
  event: EventStore,
  form: 'low-latency' | 'plain',
  signal: AbortSignal,
): Promise<Resource> {
  if (!event.ladderComplete) {
    await eventually(event, () => event.ladderComplete, MASTER_WAIT_MS, signal);
  }
  const text = event.master(form);
  if (!text.includes('#EXT-X-STREAM-INF')) throw new AmphiError('not_live', 'nothing to play yet');
  return resource(Buffer.from(text), {
    contentType: PLAYLIST,
    etag: `"${event.runId}-${hash(text)}"`,
    cacheControl: 'public, max-age=1',
  });
}

async function status(
  event: EventStore | undefined,
  eventId: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Resource> {
  const after = Number(query.get('after') ?? -1);
  if (event === undefined) throw new AmphiError('event_not_found', `no event ${eventId}`);
  if (event.status.version <= after) {
    await eventually(event, () => event.status.version > after, STATUS_WAIT_MS, signal);
  }
  return resource(Buffer.from(JSON.stringify(event.status)), {
    contentType: 'application/json',
    etag: `"${event.status.version}"`,
    cacheControl: 'public, max-age=1',
  });
}

async function storyboard(event: EventStore, name: string): Promise<Resource> {
  if (name === 'storyboard.vtt') {
    const { thumbnails, live } = event;
    const text = thumbnails.vtt(live?.startedAt ?? thumbnails.times[0] ?? 0);
    return resource(Buffer.from(text), {
      contentType: 'text/vtt',
      etag: `"${event.runId}-${thumbnails.times.length}-${thumbnails.times[0] ?? 0}"`,
      cacheControl: 'public, max-age=2',
    });
  }
  const time = name.match(/^(\d{1,15})\.jpg$/)?.[1];
  return thumbnail(event, time === undefined ? undefined : Number(time), IMMUTABLE_SECONDS);
}

async function thumbnail(
  event: EventStore,
  timeMs: number | undefined,
  maxAge: number,
): Promise<Resource> {
  const jpeg =
    timeMs === undefined ? undefined : await event.thumbnails.read(event.thumbnailFolder(), timeMs);
  if (jpeg === undefined) throw new AmphiError('not_found', 'no such picture');
  return resource(jpeg, {
    contentType: 'image/jpeg',
    etag: `"${event.runId}-${timeMs}"`,
    cacheControl: `public, max-age=${maxAge}`,
  });
}

/** Waits until something is so, or the time is up. */
function eventually(
  event: EventStore,
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
    const off = event.on('changed', () => {
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
