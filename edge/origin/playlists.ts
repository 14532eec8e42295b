import {
  iframePlaylist,
  mediaPlaylist,
  type PlaylistSegment,
  type RenditionReport,
} from '#protocol';
import type { RenditionStore } from './rendition-store.ts';
import type { Segment } from './segment.ts';

/** Playlists of one rendition, each text built once a version however many ask. */

/** Parts are listed for segments that end within this many target durations of the end (6.2.2 of the draft asks for three). */
const PART_WINDOW_TARGETS = 4;
/** The draft's minimum is six target durations. */
const SKIP_TARGETS = 6;
/** Parts that a player which follows the playlist's advice stays behind. */
const PART_HOLD_BACK_PARTS = 3;

/** Written after a URI's path, when the event is private: players put their own token there. */
export const TOKEN_DEFINE = '#EXT-X-DEFINE:QUERYPARAM="token"';
const TOKEN_QUERY = '?token={$token}';

export type PlaylistForm = 'low-latency' | 'delta' | 'plain' | 'iframes';

export interface PlaylistContext {
  /** URIs carry the viewer's token by variable substitution. */
  isPrivate: () => boolean;
  /** The newest part of each of the other renditions. */
  reports: () => RenditionReport[];
}

export class PlaylistWriter {
  readonly #store: RenditionStore;
  readonly #context: PlaylistContext;
  readonly #cache = new Map<PlaylistForm, { version: number; bytes: Buffer }>();

  constructor(store: RenditionStore, context: PlaylistContext) {
    this.#store = store;
    this.#context = context;
  }

  get(form: PlaylistForm): Buffer {
    const known = this.#cache.get(form);
    if (known?.version === this.#store.version) return known.bytes;
    const bytes = Buffer.from(this.#write(form));
    this.#cache.set(form, { version: this.#store.version, bytes });
    return bytes;
  }

  #write(form: PlaylistForm): string {
    const store = this.#store;
    const { grid } = store.rendition;
    const isPrivate = this.#context.isPrivate();
    const suffix = isPrivate ? TOKEN_QUERY : '';
    const define = isPrivate ? { define: TOKEN_DEFINE } : {};
    const targetDuration = Math.ceil(grid.segmentUs / 1e6);
    if (form === 'iframes') {
      return iframePlaylist({
        frames: iframes(store, suffix),
        firstNumber: store.segments[0]?.number ?? 0,
        targetDuration,
        ended: store.ended,
        ...define,
      });
    }
    const newest = store.segments.at(-1);
    const endUs = newest === undefined ? 0 : newest.startUs + newest.durationUs;
    const partsSinceUs = endUs - PART_WINDOW_TARGETS * targetDuration * 1e6;
    const segments = store.segments.map((segment) => describe(segment, partsSinceUs, suffix));
    const partUs = partTargetUs(store);
    return mediaPlaylist({
      segments,
      discontinuitySequence: 0,
      targetDuration,
      ended: store.ended,
      skip: form === 'delta',
      ...define,
      ...(form === 'plain'
        ? {}
        : {
            lowLatency: {
              partTargetUs: partUs,
              partHoldBackUs: partUs * PART_HOLD_BACK_PARTS,
              preloadHint: preloadHint(store, suffix),
              reports: this.#context.reports(),
              canSkipUntilUs: SKIP_TARGETS * targetDuration * 1e6,
            },
          }),
    });
  }
}

/** The longest that a part can be: the nominal length, rounded up to whole frames. */
function partTargetUs({ rendition }: RenditionStore): number {
  const { grid, frameRate } = rendition;
  const nominal = grid.segmentUs / grid.partsPerSegment;
  const frameUs = frameRate > 0 ? 1e6 / frameRate : (1024 / 48_000) * 1e6;
  const frames = nominal / frameUs;
  const whole =
    Math.abs(frames - Math.round(frames)) < 0.02 ? Math.round(frames) : Math.ceil(frames);
  return Math.round(whole * frameUs);
}

export const segmentName = (number: number): string => `${number}.m4s`;
export const partName = (number: number, part: number): string => `${number}.${part}.m4s`;
export const initName = (init: number): string => `init-${init}.mp4`;

function preloadHint(store: RenditionStore, suffix: string): string | undefined {
  const last = store.segments.at(-1);
  if (last === undefined) return undefined;
  const [number, part] = last.complete ? [last.number + 1, 0] : [last.number, last.parts.length];
  return `${partName(number, part)}${suffix}`;
}

function describe(segment: Segment, partsSinceUs: number, suffix: string): PlaylistSegment {
  const { number, startUs, durationUs, complete, gap } = segment;
  const recent = startUs + durationUs > partsSinceUs;
  return {
    number,
    uri: `${segmentName(number)}${suffix}`,
    startUs,
    durationUs,
    gap,
    complete,
    init: `${initName(segment.init)}${suffix}`,
    discontinuity: false,
    parts: recent
      ? segment.parts.map((part, i) => ({
          uri: `${partName(number, i)}${suffix}`,
          durationUs: part.durationUs,
          independent: part.independent,
          gap: part.gap,
        }))
      : [],
  };
}

function iframes(store: RenditionStore, suffix: string) {
  return store.segments
    .filter((segment) => segment.complete && segment.keyBytes > 0)
    .map((segment) => ({
      uri: `${segmentName(segment.number)}${suffix}`,
      startUs: segment.startUs,
      durationUs: segment.durationUs,
      byteOffset: 0,
      byteLength: segment.keyBytes,
      init: `${initName(segment.init)}${suffix}`,
    }));
}
