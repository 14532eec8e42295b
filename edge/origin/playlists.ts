import {
  type IFrame,
  iframePlaylist,
  mediaPlaylist,
  type PlaylistHead,
  type PlaylistSegment,
  type RenditionReport,
  segmentText,
} from '#protocol';
import { partTargetUs, serverControl, targetSeconds } from './grid.ts';
import type { RenditionStore } from './rendition-store.ts';
import { endOf, type Segment } from './segment.ts';

/** Playlists of one rendition, each text built once a version however many ask. */

/** Parts are listed for segments that end within this many target durations of the end (6.2.2 asks for three). */
const PART_WINDOW_TARGETS = 4;

/** The query parameter that carries a viewer's token; players repeat it in every URI of a playlist that says so. */
export const TOKEN_PARAMETER = 'token';
const TOKEN_SUFFIX = `?${TOKEN_PARAMETER}={$${TOKEN_PARAMETER}}`;

export const PLAYLIST_FORMS = {
  'low-latency': { parts: true, skip: false, iframes: false },
  delta: { parts: true, skip: true, iframes: false },
  plain: { parts: false, skip: false, iframes: false },
  iframes: { parts: false, skip: false, iframes: true },
  'iframes-delta': { parts: false, skip: true, iframes: true },
} as const;
export type PlaylistForm = keyof typeof PLAYLIST_FORMS;

/**
 * How URIs are written. `token`: with a place for the viewer's token, which
 * only players can use that had it in the playlist's own address; `bare` for
 * all who prove themselves by header or cookie, and for public events.
 */
export type UriStyle = 'bare' | 'token';

export const tokenSuffix = (style: UriStyle): string => (style === 'token' ? TOKEN_SUFFIX : '');

export class PlaylistWriter {
  readonly #store: RenditionStore;
  /** The newest part of each of the other renditions. */
  readonly #reports: () => RenditionReport[];
  readonly #cache = new Map<string, { version: number; bytes: Buffer }>();

  constructor(store: RenditionStore, reports: () => RenditionReport[]) {
    this.#store = store;
    this.#reports = reports;
  }

  /** Grows with each change of this form. */
  version(form: PlaylistForm): number {
    return PLAYLIST_FORMS[form].parts ? this.#store.version : this.#store.rowVersion;
  }

  get(form: PlaylistForm, style: UriStyle): Buffer {
    const key = `${form} ${style}`;
    const version = this.version(form);
    const known = this.#cache.get(key);
    if (known?.version === version) return known.bytes;
    const bytes = Buffer.from(this.#write(form, style));
    this.#cache.set(key, { version, bytes });
    return bytes;
  }

  #write(form: PlaylistForm, style: UriStyle): string {
    const store = this.#store;
    const { grid } = store.rendition;
    const { parts, skip, iframes } = PLAYLIST_FORMS[form];
    const listed = store.listed;
    const head: PlaylistHead = {
      discontinuitySequence: store.discontinuities.before(listed[0]?.number ?? 0),
      targetDuration: targetSeconds(grid),
      ended: store.ended,
      skip,
      ...(form === 'plain' ? {} : { control: serverControl(grid) }),
      ...(style === 'token' ? { queryParam: TOKEN_PARAMETER } : {}),
    };
    if (iframes) {
      const complete = listed.filter((segment) => segment.complete);
      return iframePlaylist({
        ...head,
        firstNumber: listed[0]?.number ?? 0,
        frames: complete.map((segment) => iframe(store, segment, style)),
      });
    }
    const newest = listed.at(-1);
    const partsSinceUs =
      (newest === undefined ? 0 : endOf(newest)) - PART_WINDOW_TARGETS * head.targetDuration * 1e6;
    return mediaPlaylist({
      ...head,
      segments: listed.map((segment) => describe(store, segment, partsSinceUs, style, parts)),
      ...(parts
        ? {
            lowLatency: {
              partTargetUs: partTargetUs(store.rendition),
              preloadHint: preloadHint(store, style),
              reports: this.#reports().map(({ uri, ...report }) => ({
                uri: `${uri}${tokenSuffix(style)}`,
                ...report,
              })),
            },
          }
        : {}),
    });
  }
}

export const segmentName = (number: number): string => `${number}.m4s`;
export const partName = (number: number, part: number): string => `${number}.${part}.m4s`;

/** The part that comes next. */
export function nextPart(store: RenditionStore): { msn: number; part: number } | undefined {
  const last = store.segments.at(-1);
  if (last === undefined) return undefined;
  return last.complete
    ? { msn: last.number + 1, part: 0 }
    : { msn: last.number, part: last.parts.length };
}

function preloadHint(store: RenditionStore, style: UriStyle): string | undefined {
  const next = nextPart(store);
  return next === undefined ? undefined : `${partName(next.msn, next.part)}${tokenSuffix(style)}`;
}

/** A segment that has lost its parts does not change any more: its text is made once. */
function describe(
  store: RenditionStore,
  segment: Segment,
  partsSinceUs: number,
  style: UriStyle,
  withParts: boolean,
): PlaylistSegment {
  const known = segment.described?.[style];
  if (known !== undefined) return known;
  const settled = segment.complete && endOf(segment) <= partsSinceUs;
  const suffix = tokenSuffix(style);
  const described: PlaylistSegment = {
    number: segment.number,
    uri: `${segmentName(segment.number)}${suffix}`,
    startUs: segment.startUs,
    durationUs: segment.durationUs,
    gap: segment.gap,
    complete: segment.complete,
    init: `${store.initName(segment.init)}${suffix}`,
    discontinuity: segment.discontinuity,
    parts:
      settled || !withParts
        ? []
        : segment.parts.map((part, i) => ({
            uri: `${partName(segment.number, i)}${suffix}`,
            durationUs: part.durationUs,
            independent: part.independent,
            gap: part.gap,
          })),
  };
  if (settled) {
    described.text = segmentText(described, false);
    segment.described = { ...segment.described, [style]: described };
  }
  return described;
}

function iframe(store: RenditionStore, segment: Segment, style: UriStyle): IFrame {
  const suffix = tokenSuffix(style);
  return {
    uri: `${segmentName(segment.number)}${suffix}`,
    startUs: segment.startUs,
    durationUs: segment.durationUs,
    byteOffset: 0,
    byteLength: segment.keyBytes,
    init: `${store.initName(segment.init)}${suffix}`,
    discontinuity: segment.discontinuity,
  };
}
