import type { Encoder } from './encoder.ts';

export const videotoolbox: Encoder = {
  name: 'videotoolbox',
  hardware: true,
  globalOptions: [],
  upload: '',
  options: ({ videoKbps }) => [
    ...['-c:v', 'h264_videotoolbox', '-profile:v', 'high', '-realtime', '1'],
    ...['-b:v', `${videoKbps}k`, '-maxrate', `${Math.round(videoKbps * 1.1)}k`],
    ...['-bf', '0', '-g', '600'],
  ],
};
