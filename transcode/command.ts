import { type FrameRate, framesPerSecond } from '#config';
import type { CutGrid, JobRung } from '#contracts';
import type { FfmpegCommand } from '#platform';
import { AAC_FRAME_SAMPLES } from '#protocol';
import { AUDIO_RATE } from './cmaf/cutter.ts';
import type { Encoder } from './encoders/encoder.ts';

/**
 * The one ffmpeg of a job: an FLV feed on standard input; out of it each
 * video rung as FLV, the sound once for each bitrate as FLV, and thumbnails as
 * fragmented MP4, each on a pipe of its own. Pure.
 */

const THUMBNAIL_SECONDS = 4;
const THUMBNAIL_HEIGHT = 180;
/** 20 ms, the usual length in WebRTC. */
const OPUS_FRAME_SAMPLES = 960;
const OPUS_KBPS = 96;
/** The first output pipe; 0 to 2 are the standard streams. */
const FIRST_PIPE = 3;

export type VideoJobRung = Extract<JobRung, { kind: 'video' }>;

/** Where an ffmpeg run starts, in microseconds after the feed's base. */
export interface RunStart {
  /** Epoch time of the feed's base. */
  baseUs: number;
  /** First frame to encode, per video rung by name. */
  videoUs: ReadonlyMap<string, number>;
  /** First sound to encode. */
  audioUs: number;
}

export type OutputPipe =
  | { kind: 'video'; pipe: number; rung: VideoJobRung }
  | { kind: 'audio'; pipe: number; kbps: number }
  | { kind: 'opus'; pipe: number }
  | { kind: 'thumbnails'; pipe: number };

export interface BankCommand {
  command: FfmpegCommand;
  pipes: OutputPipe[];
}

export function bankCommand(options: {
  rungs: readonly JobRung[];
  grid: CutGrid;
  encoder: Encoder;
  preset: string;
  start: RunStart;
  thumbnails: boolean;
  /** Also makes Opus of the sound, for WebRTC. */
  opus: boolean;
  /** Key frames this far apart, which the segments are a multiple of. */
  keyFrameUs: number;
  /** Processor cores of this machine. */
  cores: number;
}): BankCommand {
  const { rungs, encoder, start } = options;
  const video = rungs.filter((rung): rung is VideoJobRung => rung.kind === 'video' && !rung.copy);
  const audioRates = [...new Set(rungs.map((rung) => rung.audioKbps))];
  const pipes: OutputPipe[] = [];
  const outputs: FfmpegCommand['outputs'][number][] = [];
  const nextPipe = () => FIRST_PIPE + pipes.length;

  const branches = video.length + (options.thumbnails ? 1 : 0);
  const labels = Array.from({ length: branches }, (_, i) => `[s${i}]`);
  const chains = branches > 0 ? [`[0:v]split=${branches}${labels.join('')}`] : [];

  video.forEach((rung, i) => {
    const startUs = start.videoUs.get(rung.name) ?? 0;
    chains.push(`${labels[i]}${rungFilter(rung, startUs, encoder)}[v${i}]`);
    const pipe = nextPipe();
    pipes.push({ kind: 'video', pipe, rung });
    outputs.push({
      url: `pipe:${pipe}`,
      options: [
        // A frame in every place, whatever the source leaves out. ffmpeg fills up from
        // zero on, so zero is moved to where this rung begins, and moved back behind it.
        ...['-map', `[v${i}]`, '-r', `${rung.fps.num}/${rung.fps.den}`, '-fps_mode', 'cfr'],
        ...['-output_ts_offset', seconds(startUs)],
        ...encoder.options({
          videoKbps: rung.videoKbps,
          fps: framesPerSecond(rung.fps),
          preset: options.preset,
        }),
        ...['-threads', String(encoderThreads(rung, options.cores))],
        ...['-force_key_frames', keyFrameExpression(options, start.baseUs + startUs, rung.fps)],
        ...flvOutput,
      ],
    });
  });

  for (const kbps of audioRates) {
    const pipe = nextPipe();
    pipes.push({ kind: 'audio', pipe, kbps });
    outputs.push({
      url: `pipe:${pipe}`,
      options: [
        ...['-map', '0:a', '-af', audioFilter(start.audioUs, 'fltp', AAC_FRAME_SAMPLES)],
        ...['-c:a', 'aac', '-b:a', `${kbps}k`, ...flvOutput],
      ],
    });
  }

  if (options.opus) {
    const pipe = nextPipe();
    pipes.push({ kind: 'opus', pipe });
    outputs.push({
      url: `pipe:${pipe}`,
      options: [
        ...['-map', '0:a', '-af', audioFilter(start.audioUs, 'flt', OPUS_FRAME_SAMPLES)],
        ...['-c:a', 'libopus', '-b:a', `${OPUS_KBPS}k`, '-frame_duration', '20'],
        ...frameByFrame,
      ],
    });
  }

  if (options.thumbnails) {
    chains.push(
      `${labels.at(-1)}fps=1/${THUMBNAIL_SECONDS}:round=down,scale=-2:${THUMBNAIL_HEIGHT},format=yuvj420p[t]`,
    );
    const pipe = nextPipe();
    pipes.push({ kind: 'thumbnails', pipe });
    outputs.push({
      url: `pipe:${pipe}`,
      options: [
        ...['-map', '[t]', '-c:v', 'mjpeg', '-q:v', '6', '-fps_mode', 'passthrough'],
        ...['-video_track_timescale', '1000', ...frameByFrame],
      ],
    });
  }

  return {
    pipes,
    command: {
      global: ['-v', 'error', '-copyts', ...encoder.globalOptions],
      inputs: [
        {
          url: 'pipe:0',
          // One slice-threaded decoder: frame threads would each add a frame of delay.
          options: ['-thread_type', 'slice', '-f', 'flv'],
        },
      ],
      ...(chains.length === 0 ? {} : { filterGraph: chains.join(';') }),
      outputs,
    },
  };
}

/** Fragmented MP4, a fragment a frame, each with its time. */
const frameByFrame = [
  ...['-f', 'mp4', '-use_editlist', '0'],
  ...['-movflags', 'empty_moov+default_base_moof+frag_every_frame+frag_discont'],
  ...['-avoid_negative_ts', 'disabled', '-flush_packets', '1'],
];

const flvOutput = [
  ...['-avoid_negative_ts', 'disabled', '-flvflags', 'no_duration_filesize+no_metadata'],
  ...['-flush_packets', '1', '-muxdelay', '0', '-f', 'flv'],
];

const seconds = (us: number): string => (us / 1e6).toFixed(6);

/** Pixels a second that one core encodes in real time with room to spare. */
const PIXELS_PER_CORE = 1920 * 1080 * 30;
const MAX_ENCODER_THREADS = 4;

/** One thread where that will do: slices cost quality. Large pictures get more, where there are cores. */
function encoderThreads({ width, height, fps }: VideoJobRung, cores: number): number {
  const wanted = Math.ceil((width * height * framesPerSecond(fps)) / PIXELS_PER_CORE);
  return Math.max(1, Math.min(wanted, Math.floor(cores / 2), MAX_ENCODER_THREADS));
}

/** Fits the picture into the rung's size, with bars when a source's shape has changed, and skips what is there already. */
function rungFilter(rung: VideoJobRung, startUs: number, encoder: Encoder): string {
  const { width, height } = rung;
  const halfFrame = 0.5 / framesPerSecond(rung.fps);
  const from = (startUs / 1e6 - halfFrame).toFixed(6);
  return [
    `select='gte(t,${from})'`,
    `setpts=PTS-${seconds(startUs)}/TB`,
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:flags=fast_bilinear`,
    `pad=${width}:${height}:-1:-1`,
    'setsar=1',
    'format=yuv420p',
    encoder.upload,
  ]
    .filter((step) => step !== '')
    .join(',');
}

/**
 * Forces a key frame at the first frame and at each first frame of a segment,
 * and between where segments are longer than the wanted distance.
 * ffmpeg counts `t` from the first frame it encodes, so its place on the grid
 * is added. `startUs` is that frame's time since the epoch.
 */
function keyFrameExpression(
  { grid, keyFrameUs }: { grid: CutGrid; keyFrameUs: number },
  startUs: number,
  fps: FrameRate,
): string {
  const segment = keyFrameUs / 1e6;
  // A hair more, so that a frame exactly on the boundary counts as behind it.
  const hair = 0.25 / framesPerSecond(fps);
  const offset = ((startUs - grid.phaseUs) % keyFrameUs) / 1e6 + segment + hair;
  const index = (t: string) => `floor((${t}+${offset.toFixed(6)})/${segment})`;
  return `expr:if(isnan(prev_forced_t),1,gt(${index('t')},${index('prev_forced_t')}))`;
}

/** Continuous stereo at 48 kHz that begins on a whole frame of the epoch grid: gaps filled, drift stretched. */
function audioFilter(startUs: number, format: 'flt' | 'fltp', frameSamples: number): string {
  const frame = Math.ceil((startUs * AUDIO_RATE) / 1e6 / frameSamples);
  return [
    `aformat=sample_fmts=${format}:sample_rates=${AUDIO_RATE}:channel_layouts=stereo`,
    'aresample=async=1000',
    // Not the resampler's first_pts: a source whose sound changes its form makes
    // ffmpeg build this chain anew, and it would fill up from there again.
    `atrim=start_pts=${frame * frameSamples}`,
  ].join(',');
}
