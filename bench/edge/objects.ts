/** What is measured: objects of the sizes that live at 2.5 Mbit/s has. */
export const OBJECTS = [
  {
    name: 'playlist',
    path: '/hls/bench/720p/media.m3u8?_HLS_msn=897000000&_HLS_part=1',
    bytes: 3_000,
  },
  { name: 'part', path: '/hls/bench/720p/897000000.1.m4s', bytes: 80 * 1024 },
  { name: 'segment', path: '/hls/bench/720p/897000000.m4s', bytes: 1024 * 1024 },
] as const;
export type BenchObject = (typeof OBJECTS)[number];
