import type { Play } from '#contracts';
import { readPlay } from './live/answers.ts';
import { type Finding, findingOf } from './live/view.ts';
import { rememberedBitrate } from './net/estimate.ts';
import { openingOf, openingVariant, variantsOf } from './net/read-ahead.ts';
import { type Answer, textOf, Wire } from './net/wire.ts';

/**
 * What can be done before the player's code is there: ask how to play this
 * event and fetch, side by side, the playlists and the first parts. This file
 * and what it imports are the page's first script; keep them small.
 */

export interface Preflight {
  eventId: string;
  wire: Wire;
  /** Moment to begin at, as the address has it. */
  start: string | null;
  /** How to play; what came of asking when that failed. */
  play: Promise<PlayAnswer>;
  /** What was opened ahead; undefined when that was nothing that plays live. */
  opening: Promise<Opening | undefined>;
  /** Asks for the playlist again; the player is going to begin by what comes of it. */
  refresh(): void;
}

export interface Opening {
  /** Addresses of the multivariant playlist and of the playlist of one rung. */
  master: string;
  variant: string;
  /** Initialization segment and parts, from a key frame on to the live edge. */
  media: readonly Promise<Answer>[];
  /** Length of that. */
  seconds: number;
  /** What it is: a MIME type with codecs. Empty when it has no picture. */
  type: string;
}

export type PlayAnswer = { finding: 'found'; play: Play } | { finding: Exclude<Finding, 'found'> };

/** Seconds of media before the live edge that the beginning surely needs. */
const OPENING_SECONDS = 0.6;

/** `open: false` asks how to play, and leaves the stream alone until somebody wants it. */
export function preflight(location: Location, { open = true } = {}): Preflight {
  const query = new URLSearchParams(location.search);
  const eventId = decodeURIComponent(location.pathname.split('/')[2] ?? '');
  const wire = new Wire(query.get('token') ?? undefined);
  // Where the playlist nearly always is: on this server. When `play` says otherwise, little is lost.
  const likely = new URL(`/hls/${encodeURIComponent(eventId)}/master.m3u8`, location.href).href;
  const start = query.get('t');
  let variant: string | undefined;
  const ahead = async () => {
    const opening = await openAhead(wire, likely);
    variant = opening?.variant;
    return opening;
  };
  return {
    eventId,
    wire,
    start,
    play: askPlay(wire, eventId),
    opening: open && start === null ? ahead().catch(() => undefined) : Promise.resolve(undefined),
    refresh: () => {
      if (variant !== undefined) wire.ahead(variant);
    },
  };
}

export async function askPlay(wire: Wire, eventId: string): Promise<PlayAnswer> {
  const { token } = wire;
  try {
    const answer = await wire.get(`/api/play/${encodeURIComponent(eventId)}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const finding = findingOf(answer.status);
    if (finding !== 'found') return { finding };
    const play = readPlay(textOf(answer));
    if (play === undefined) return { finding: 'unreachable' };
    // Whoever is signed in to the studio needs no link with a token.
    if (play.token !== undefined) wire.adopt(play.token);
    return { finding, play };
  } catch {
    return { finding: 'unreachable' };
  }
}

async function openAhead(wire: Wire, master: string): Promise<Opening | undefined> {
  const list = await wire.ahead(wire.addressed(master));
  if (findingOf(list.status) !== 'found') return undefined;
  const pixels = window.innerWidth * window.devicePixelRatio;
  const variant = openingVariant(variantsOf(textOf(list), list.url), rememberedBitrate(), pixels);
  if (variant === undefined) return undefined;
  const media = await wire.get(variant.url);
  const text = textOf(media);
  if (findingOf(media.status) !== 'found' || text.includes('#EXT-X-ENDLIST')) return undefined;
  const { urls, seconds } = openingOf(text, media.url, OPENING_SECONDS);
  const parts = urls.map((url) => wire.ahead(url));
  const type = variant.height > 0 ? `video/mp4; codecs="${variant.codecs}"` : '';
  return { master, variant: variant.url, media: parts, seconds, type };
}
