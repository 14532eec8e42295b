import type { Encoder } from './encoder.ts';

export const qsv: Encoder = {
  name: 'qsv',
  hardware: true,
  globalOptions: ['-init_hw_device', 'qsv=hw'],
  upload: 'format=nv12',
  options: ({ videoKbps }) => [
    ...['-c:v', 'h264_qsv', '-preset', 'veryfast', '-profile:v', 'high'],
    ...['-b:v', `${videoKbps}k`, '-maxrate', `${Math.round(videoKbps * 1.1)}k`],
    ...['-bufsize', `${videoKbps}k`, '-bf', '0', '-g', '600', '-look_ahead', '0'],
    ...['-async_depth', '1', '-forced_idr', '1'],
  ],
};
