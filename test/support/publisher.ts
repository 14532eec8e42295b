import { type ChildProcess, spawn } from 'node:child_process';

export interface PublishOptions {
  size?: string;
  fps?: number;
  /** Key frames every so many seconds. */
  gopSeconds?: number;
  videoKbps?: number;
  /** B-frames of the encoder. */
  bFrames?: number;
  audio?: boolean;
  video?: boolean;
  sampleRate?: number;
  channels?: number;
  /** A filter on the picture, e.g. a burnt-in clock. */
  filter?: string;
  /** Source of the picture in lavfi notation. */
  picture?: string;
  seconds?: number;
  extra?: readonly string[];
}

/** A real encoder: ffmpeg with a test picture and a tone, in real time, to an RTMP address. */
export class Publisher {
  readonly process: ChildProcess;
  #complaint = '';
  readonly exited: Promise<number | null>;

  constructor(rtmpUrl: string, options: PublishOptions = {}) {
    this.process = spawn('ffmpeg', publishArgs(rtmpUrl, options), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-2000);
    });
    this.exited = new Promise((resolve) => this.process.once('exit', (code) => resolve(code)));
  }

  get complaint(): string {
    return this.#complaint;
  }

  /** Ends at once, as when a cable is pulled. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

export function publishArgs(target: string, options: PublishOptions = {}): string[] {
  const { size = '1280x720', fps = 30, gopSeconds = 2, videoKbps = 2500, bFrames = 0 } = options;
  const picture = options.picture ?? `testsrc2=size=${size}:rate=${fps}`;
  const video = options.video !== false;
  const audio = options.audio !== false;
  return [
    ...['-hide_banner', '-v', 'error', '-re'],
    ...(video ? ['-f', 'lavfi', '-i', picture] : []),
    ...(audio
      ? ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${options.sampleRate ?? 48_000}`]
      : []),
    ...(options.filter === undefined ? [] : ['-vf', options.filter]),
    ...(video
      ? [
          ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
          ...(bFrames > 0 ? ['-bf', String(bFrames)] : ['-tune', 'zerolatency']),
          ...[
            '-g',
            String(Math.round(fps * gopSeconds)),
            '-keyint_min',
            String(Math.round(fps * gopSeconds)),
          ],
          ...[
            '-sc_threshold',
            '0',
            '-b:v',
            `${videoKbps}k`,
            '-maxrate',
            `${videoKbps}k`,
            '-bufsize',
            `${videoKbps}k`,
          ],
        ]
      : []),
    ...(audio ? ['-c:a', 'aac', '-b:a', '128k', '-ac', String(options.channels ?? 2)] : []),
    ...(options.seconds === undefined ? [] : ['-t', String(options.seconds)]),
    ...(options.extra ?? []),
    ...['-f', 'flv', target],
  ];
}
