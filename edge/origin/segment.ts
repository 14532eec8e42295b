import type { PlaylistSegment } from '#protocol';

/** What the origin holds of one rendition: parts in segments, on the cut grid. */

export interface Part {
  startUs: number;
  durationUs: number;
  independent: boolean;
  /** Missing for good: nothing was pushed for this stretch. */
  gap: boolean;
  /** Place in the segment's bytes. */
  offset: number;
  size: number;
  /** While they are kept in memory. */
  bytes: Uint8Array | undefined;
}

export interface Segment {
  /** Media sequence number: the segment's place on the grid since the epoch. */
  number: number;
  startUs: number;
  durationUs: number;
  /** Only of the newest segments; empty once nobody may ask for them any more. */
  parts: Part[];
  size: number;
  /** Nothing more will be added. */
  complete: boolean;
  /** Nothing was pushed at all. */
  gap: boolean;
  /** Number of the initialization segment that it needs. */
  init: number;
  /** Encoding parameters differ from those of the segment before, in some rendition of the run. */
  discontinuity: boolean;
  /** Size of the leading key frame with its headers, for the I-frame playlist; 0 when it does not begin with one. */
  keyBytes: number;
  /** All its bytes are on disk. */
  onDisk: boolean;
  /** How the playlists describe it, with and without a token's place; set when that no longer changes. */
  described?: { bare?: PlaylistSegment; token?: PlaylistSegment };
}

export const endOf = (segment: Segment): number => segment.startUs + segment.durationUs;

/** The bytes of a segment, part by part, if all of them are in memory. */
export function bytesInMemory(segment: Segment): Uint8Array[] | undefined {
  const bytes: Uint8Array[] = [];
  for (const part of segment.parts) {
    if (part.gap) continue;
    if (part.bytes === undefined) return undefined;
    bytes.push(part.bytes);
  }
  return bytes.length === 0 ? undefined : bytes;
}

/** A stretch that is missing and no longer than this is a frame that came late, not a gap. */
export const SEAM_US = 120_000;

/** What stands in a segment for media that is missing between two times: pieces no longer than a part. */
export function gapParts(
  fromUs: number,
  untilUs: number,
  longestUs: number,
  offset: number,
): Part[] {
  const parts: Part[] = [];
  let at = fromUs;
  while (untilUs - at > SEAM_US) {
    const durationUs = Math.min(longestUs, untilUs - at);
    parts.push({
      startUs: at,
      durationUs,
      independent: false,
      gap: true,
      offset,
      size: 0,
      bytes: undefined,
    });
    at += durationUs;
  }
  return parts;
}
