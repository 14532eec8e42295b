import { cmafPart } from './cmaf.ts';

/** A rendition of the tests: cut every two seconds, in four parts. */
export const GRID = { segmentUs: 2_000_000, phaseUs: 0, partsPerSegment: 4 };
export const PART_US = GRID.segmentUs / GRID.partsPerSegment;

interface IncomingPart {
  bytes: Uint8Array;
  startUs: number;
  endUs: number;
  audioEndUs: number;
  independent: boolean;
  keyBytes: number;
}

/** What a push of a rendition is described with. */
export const rendition = (
  change: { renditionId?: string; runId?: string; order?: number } = {},
) => ({
  renditionId: '360p',
  runId: 'run000001',
  kind: 'video' as const,
  codecs: 'avc1.42c01e,mp4a.40.2',
  width: 640,
  height: 360,
  frameRate: 30,
  bitsPerSecond: 1_000_000,
  order: 0,
  ladderSize: 1,
  grid: GRID,
  ...change,
});

/** The part with this number since the epoch on the grid; the first of each segment is decodable on its own. */
export function partAt(index: number, bytes = 100): IncomingPart {
  const startUs = index * PART_US;
  const independent = index % GRID.partsPerSegment === 0;
  const media = cmafPart({
    startUs,
    durationUs: PART_US,
    key: independent,
    bytes,
    fill: index & 255,
  });
  return {
    bytes: media,
    startUs,
    endUs: startUs + PART_US,
    audioEndUs: startUs + PART_US,
    independent,
    // All but the sound, which comes last.
    keyBytes: independent ? media.length - bytes : 0,
  };
}

/** Number of the part that begins at this time. */
export const partIndexAt = (us: number): number => Math.floor(us / PART_US);
