import type { Encoder } from './encoder.ts';

export const nvenc: Encoder = {
  name: 'nvenc',
  hardware: true,
  globalOptions: [],
  upload: '',
  options: ({ videoKbps }) => [
    ...['-c:v', 'h264_nvenc', '-preset', 'p4', '-tune', 'll', '-profile:v', 'high'],
    ...['-rc', 'cbr', '-b:v', `${videoKbps}k`, '-maxrate', `${videoKbps}k`],
    ...['-bufsize', `${videoKbps}k`, '-bf', '0', '-g', '600', '-no-scenecut', '1'],
    ...['-forced-idr', '1', '-delay', '0', '-zerolatency', '1'],
  ],
};
