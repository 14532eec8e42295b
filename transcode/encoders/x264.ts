import type { Encoder } from './encoder.ts';

/** The rate may wander for this long: short enough for live, long enough for a key frame. */
const BUFFER_SECONDS = 1;

export const x264: Encoder = {
  name: 'x264',
  hardware: false,
  globalOptions: [],
  upload: '',
  options: ({ videoKbps, preset }) => [
    ...['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-profile:v', 'high'],
    ...['-b:v', `${videoKbps}k`, '-maxrate', `${Math.round(videoKbps * 1.1)}k`],
    ...['-bufsize', `${Math.round(videoKbps * BUFFER_SECONDS)}k`],
    ...['-bf', '0', '-g', '600', '-sc_threshold', '0', '-forced-idr', '1'],
  ],
};
