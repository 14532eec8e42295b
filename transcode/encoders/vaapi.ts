import type { Encoder } from './encoder.ts';

const DEVICE = '/dev/dri/renderD128';

export const vaapi: Encoder = {
  name: 'vaapi',
  hardware: true,
  globalOptions: ['-vaapi_device', DEVICE],
  upload: 'format=nv12,hwupload',
  options: ({ videoKbps }) => [
    ...['-c:v', 'h264_vaapi', '-profile:v', 'high', '-rc_mode', 'VBR'],
    ...['-b:v', `${videoKbps}k`, '-maxrate', `${Math.round(videoKbps * 1.1)}k`],
    ...['-bufsize', `${videoKbps}k`, '-bf', '0', '-g', '600', '-async_depth', '1'],
  ],
};
