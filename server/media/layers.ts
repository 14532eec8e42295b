import type { TransportStats } from '#callserver';

/** One of the streams that a viewer may choose among. */
export interface Layer {
  /** What it is called towards viewers. */
  rid: string;
  /** From 0, the lowest. */
  rank: number;
  width: number;
  height: number;
  /** Bits per second. */
  bitrate: number;
}

/** The layers of the picture that are coming in, best first; none where there is no picture. */
export function layersOf(
  { producers }: Pick<TransportStats, 'producers'>,
  nameOf: (stream: number) => string | undefined,
): Layer[] {
  const pictures = producers.find(({ streams }) => streams.some(({ width }) => width > 0));
  if (pictures === undefined) return [];
  return pictures.streams
    .filter(({ live, width }) => live && width > 0)
    .map(({ layer, rank, width, height, bitsPerSecond }) => ({
      rid: nameOf(layer) ?? `${height}p`,
      rank,
      width,
      height,
      bitrate: Math.round(bitsPerSecond),
    }))
    .sort((a, b) => b.rank - a.rank);
}

/** As the `layers` event has it (draft-ietf-wish-whep, server-sent events): by the place of the picture's section. */
export const layersEvent = (section: string, layers: readonly Layer[]) => ({
  [section]: layers.map(({ rid, width, height, bitrate }) => ({ rid, width, height, bitrate })),
});
