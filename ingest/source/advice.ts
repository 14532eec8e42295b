import type { SourceHealth } from '#contracts';

type Advice = SourceHealth['advice'][number];

const GOP_MAX_SECONDS = 4.5;
const BITS_PER_PIXEL_LOW = 0.03;
const DRIFT_MS = 500;

/** Turns what was measured into what to do about it, in plain words, most urgent first. */
export function advise(health: SourceHealth, unsupportedCodec: string | undefined): Advice[] {
  const advice: Advice[] = [];
  const { video, audio } = health;
  const warn = (code: string, text: string) => advice.push({ code, level: 'warn', text });
  const info = (code: string, text: string) => advice.push({ code, level: 'info', text });

  if (unsupportedCodec !== undefined) {
    warn(
      'codec_unsupported',
      `The encoder sends ${unsupportedCodec}, which this server cannot take over RTMP. Set the encoder to H.264 video and AAC audio.`,
    );
  }
  if (!health.connected) return advice;
  if (video === undefined) {
    warn(
      'no_video',
      'No video arrives. Viewers see a still picture; check the scene in your encoder.',
    );
  } else {
    if (video.gopSeconds !== undefined && video.gopSeconds > GOP_MAX_SECONDS) {
      warn(
        'gop_long',
        `Key frames come every ${Math.round(video.gopSeconds)} s: set the keyframe interval to 2 s in OBS (Settings, Output, Keyframe Interval).`,
      );
    }
    if (video.fps > 0 && video.fps < 10) {
      warn(
        'fps_low',
        `Only ${video.fps} frames a second arrive. The computer that encodes may be overloaded.`,
      );
    }
    const pixels = video.width * video.height * Math.max(video.fps, 1);
    if (video.bitsPerSecond > 0 && video.bitsPerSecond / pixels < BITS_PER_PIXEL_LOW) {
      info(
        'bitrate_low',
        `${Math.round(video.bitsPerSecond / 1000)} kbit/s is little for ${video.width} × ${video.height}: raise the bitrate or lower the output size.`,
      );
    }
    if (video.width % 2 !== 0 || video.height % 2 !== 0) {
      info(
        'size_odd',
        `The picture is ${video.width} × ${video.height}; an even size avoids a scaling step.`,
      );
    }
    if (video.bFrames) {
      info(
        'b_frames',
        'B-frames add delay. For the lowest latency set the encoder tune to zerolatency or B-frames to 0.',
      );
    }
  }
  if (audio === undefined) info('no_audio', 'No sound arrives. Viewers hear silence.');
  else if (audio.channels > 2) {
    info('audio_channels', `${audio.channels} sound channels are mixed down to stereo.`);
  }
  if (Math.abs(health.driftMs) > DRIFT_MS) {
    info(
      'clock_drift',
      `The encoder's clock has drifted by ${Math.round(health.driftMs)} ms; Amphi follows it.`,
    );
  }
  if (health.jumps > 0) {
    info(
      'clock_jumps',
      `The encoder's timestamps jumped ${health.jumps === 1 ? 'once' : `${health.jumps} times`}; the stream went on.`,
    );
  }
  if (health.dropped > 0) {
    info('dropped', `${health.dropped} damaged packets were left out.`);
  }
  return advice;
}
