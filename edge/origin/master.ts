import type { RenditionView } from '#contracts';
import { multivariantPlaylist } from '#protocol';
import { TOKEN_PARAMETER, tokenSuffix, type UriStyle } from './playlists.ts';
import type { RenditionStore } from './rendition-store.ts';

/** The multivariant playlist, with bit rates as they were measured. */

/** Rates are taken from this many newest segments. */
const RATE_SEGMENTS = 150;
/** Shorter stretches say little of a rate. */
const LEAST_SEGMENT_US = 500_000;
const LEAST_MEASURED_US = 4_000_000;
/** Headroom over the encoder's target while nothing has been measured. */
const UNMEASURED_PEAK = 1.1;
const UNMEASURED_KEY_FRAME_SHARE = 0.2;

export interface Rate {
  /** The highest of any segment, in bits a second. */
  bandwidth: number;
  averageBandwidth: number;
}

export function measuredRate(store: RenditionStore): Rate {
  const { bitsPerSecond } = store.rendition;
  let peak = 0;
  let bits = 0;
  let us = 0;
  for (const segment of store.segments.slice(-RATE_SEGMENTS)) {
    if (!segment.complete || segment.gap || segment.durationUs < LEAST_SEGMENT_US) continue;
    peak = Math.max(peak, (segment.size * 8e6) / segment.durationUs);
    bits += segment.size * 8;
    us += segment.durationUs;
  }
  if (us < LEAST_MEASURED_US) {
    return { bandwidth: bitsPerSecond * UNMEASURED_PEAK, averageBandwidth: bitsPerSecond };
  }
  return { bandwidth: peak, averageBandwidth: (bits * 1e6) / us };
}

function keyFrameRate(store: RenditionStore): number {
  let peak = 0;
  for (const { complete, keyBytes, durationUs } of store.segments.slice(-RATE_SEGMENTS)) {
    if (complete && durationUs >= LEAST_SEGMENT_US) {
      peak = Math.max(peak, (keyBytes * 8e6) / durationUs);
    }
  }
  return peak || store.rendition.bitsPerSecond * UNMEASURED_KEY_FRAME_SHARE;
}

export type MasterForm = 'low-latency' | 'plain';

/** The variants that have something to play, best first. Undefined when none has. */
export function masterPlaylist(
  stores: readonly RenditionStore[],
  form: MasterForm,
  style: UriStyle,
): string | undefined {
  const playable = stores.filter((store) => store.segments.length > 0);
  if (playable.length === 0) return undefined;
  const suffix = tokenSuffix(style);
  const name = form === 'plain' ? 'plain.m3u8' : 'media.m3u8';
  // All playlists of a presentation must offer the same server control (6.2.4), and the
  // I-frame playlist offers that of the low-latency ones.
  const smallest =
    form === 'plain' ? undefined : playable.findLast(({ rendition }) => rendition.kind === 'video');
  return multivariantPlaylist({
    ...(style === 'token' ? { queryParam: TOKEN_PARAMETER } : {}),
    variants: playable.map((store) => {
      const { renditionId, codecs, kind, width, height, frameRate } = store.rendition;
      return {
        uri: `${renditionId}/${name}${suffix}`,
        name: renditionId,
        codecs,
        ...measuredRate(store),
        ...(kind === 'video' ? { video: { width, height, frameRate } } : {}),
      };
    }),
    iframes: smallest === undefined ? [] : [iframeVariant(smallest, suffix)],
  });
}

function iframeVariant(store: RenditionStore, suffix: string) {
  const { renditionId, codecs, width, height } = store.rendition;
  return {
    uri: `${renditionId}/iframes.m3u8${suffix}`,
    bandwidth: keyFrameRate(store),
    codecs: codecs.split(',')[0] ?? codecs,
    width,
    height,
  };
}

/** A rendition as the API shows it. */
export function renditionView(store: RenditionStore): RenditionView {
  const { renditionId, kind, width, height, frameRate, codecs } = store.rendition;
  return {
    name: renditionId,
    codecs,
    bandwidth: Math.round(measuredRate(store).averageBandwidth),
    ...(kind === 'video' ? { width, height, frameRate } : {}),
  };
}
