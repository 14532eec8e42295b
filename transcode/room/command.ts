import type { RoomRenditionOpening } from '#contracts';
import type { FfmpegCommand } from '#platform';

/** A receiver that lost too much begins anew here; who joins needs not wait for it. */
const KEY_FRAME_SECONDS = 2;
/** What a picture may take beyond its share. */
const PEAK = 1.5;

/**
 * Matroska on the standard input, IVF on the standard output, picture by picture,
 * with the times that they came with, in milliseconds.
 */
export function scalingCommand({ width, height, kbps }: RoomRenditionOpening): FfmpegCommand {
  return {
    global: ['-v', 'error'],
    inputs: [
      {
        url: 'pipe:0',
        options: [
          ...['-probesize', '32', '-analyzeduration', '0', '-threads', '1'],
          ...['-f', 'matroska'],
        ],
      },
    ],
    outputs: [
      {
        url: 'pipe:1',
        options: [
          ...['-copyts', '-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
          ...['-vf', `scale=${width}:${height}:flags=bilinear,setsar=1,format=yuv420p`],
          ...['-c:v', 'libvpx', '-threads', '1', '-deadline', 'realtime', '-cpu-used', '8'],
          ...['-lag-in-frames', '0', '-error-resilient', '1', '-auto-alt-ref', '0'],
          ...['-b:v', `${kbps}k`, '-maxrate', `${Math.round(kbps * PEAK)}k`],
          ...['-bufsize', `${kbps}k`],
          ...['-force_key_frames', `expr:gte(t,n_forced*${KEY_FRAME_SECONDS})`],
          ...['-f', 'ivf', '-flush_packets', '1'],
        ],
      },
    ],
  };
}
