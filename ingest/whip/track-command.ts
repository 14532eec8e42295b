import type { FfmpegCommand } from '#platform';
import type { MatroskaTrack } from '#protocol';

/**
 * The ffmpeg of one track of a WebRTC publisher: Matroska on standard input,
 * FLV on standard output, with the times that went in. Pure.
 */

const AUDIO_KBPS = 160;
const SOUND_RATE = 48_000;
/** Near the eye's limit at a sender's bitrates: what the bank encodes from should not be what limits it. */
const QUALITY_CRF = 20;
const MAX_KBPS = 10_000;
const KEY_EVERY_SECONDS = 1;
const FAR_GOP = 1_000;
const MS_TIME_BASE = '1:1000';

export function trackCommand(track: MatroskaTrack): FfmpegCommand {
  return {
    global: ['-v', 'error', '-copyts'],
    inputs: [
      {
        url: 'pipe:0',
        // The head says all there is to know; one thread, as each would add a frame of delay.
        options: ['-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-f', 'matroska'],
      },
    ],
    outputs: [
      {
        url: 'pipe:1',
        options: [
          ...(track.codec === 'opus' ? SOUND : picture(track)),
          ...['-avoid_negative_ts', 'disabled', '-flvflags', 'no_duration_filesize+no_metadata'],
          ...['-flush_packets', '1', '-muxdelay', '0', '-f', 'flv'],
        ],
      },
    ],
  };
}

/** Lost packets leave holes, which are filled; the channels are always two. */
const SOUND = [
  ...['-af', `aresample=${SOUND_RATE}:async=1000`, '-ac', '2'],
  ...['-c:a', 'aac', '-b:a', `${AUDIO_KBPS}k`],
];

function picture({ width, height }: { width: number; height: number }): string[] {
  const even = (n: number) => n + (n % 2);
  const [w, h] = [even(width), even(height)];
  const fit = `scale=${w}:${h}:force_original_aspect_ratio=decrease`;
  return [
    ...['-vf', `${fit},pad=${w}:${h}:-1:-1,setsar=1,format=yuv420p`],
    ...['-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency', '-bf', '0'],
    ...['-crf', String(QUALITY_CRF), '-maxrate', `${MAX_KBPS}k`, '-bufsize', `${MAX_KBPS}k`],
    ...['-sc_threshold', '0', '-g', String(FAR_GOP), '-force_key_frames'],
    `expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+${KEY_EVERY_SECONDS}))`,
    // The frames keep their own distances, to the millisecond.
    ...['-fps_mode', 'passthrough', '-enc_time_base', MS_TIME_BASE, '-threads', '2'],
  ];
}
