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
}

export interface Segment {
  /** Media sequence number: the segment's place on the grid since the epoch. */
  number: number;
  startUs: number;
  durationUs: number;
  parts: Part[];
  size: number;
  /** Nothing more will be added. */
  complete: boolean;
  /** Nothing was pushed at all. */
  gap: boolean;
  /** Number of the initialization segment that it needs. */
  init: number;
  /** Size of the leading key frame with its headers, for the I-frame playlist; 0 when it does not begin with one. */
  keyBytes: number;
  /** The bytes, part by part, while they are kept in memory. */
  memory: Uint8Array[] | undefined;
  /** All its bytes are on disk. */
  onDisk: boolean;
}

export const endOf = (segment: Segment): number => {
  const last = segment.parts.at(-1);
  if (segment.complete || last === undefined) return segment.startUs + segment.durationUs;
  return last.startUs + last.durationUs;
};
