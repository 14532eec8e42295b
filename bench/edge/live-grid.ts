/** What the simulated broadcast is made of: 2.5 Mbit/s in parts of a third of a second. */
export const PART_MS = 1000 / 3;
export const PARTS_PER_SEGMENT = 6;
export const PART_BYTES = Math.round((2_500_000 / 8 / 1000) * PART_MS);
export const FOLDER = '/hls/bench/720p';

/** When a part is published, in milliseconds since the epoch; parts are counted from there. */
export const publishedAtMs = (part: number): number => (part + 1) * PART_MS;
export const newestPart = (nowMs: number): number => Math.floor(nowMs / PART_MS) - 1;

export const partName = (part: number): string =>
  `${Math.floor(part / PARTS_PER_SEGMENT)}.${part % PARTS_PER_SEGMENT}.m4s`;

export const playlistQuery = (part: number): string =>
  `?_HLS_msn=${Math.floor(part / PARTS_PER_SEGMENT)}&_HLS_part=${part % PARTS_PER_SEGMENT}`;
