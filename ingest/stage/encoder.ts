import type { Writable } from 'node:stream';
import { type Logger, messageOf } from '#base';
import { type Child, type FfmpegCommand, ffmpegArgs, lastWords, startChild } from '#platform';
import { FlvReader, type FlvTag } from '#protocol';
import type { Size } from './layout.ts';
import { CHANNELS, SOUND_RATE } from './sound.ts';

const MAX_TAG_BYTES = 8 * 1024 * 1024;
/** What the bank encodes from should not be what limits it. */
const QUALITY_CRF = 19;
const MAX_KBPS = 8_000;
const SOUND_KBPS = 160;
const KEY_EVERY_SECONDS = 2;

/** Raw pictures and samples in, FLV out. Pure. */
function stageCommand({ width, height }: Size, fps: number): FfmpegCommand {
  // Without these two, what is read ahead of one input waits for ever for the other one.
  const atOnce = ['-probesize', '32', '-analyzeduration', '0'];
  return {
    global: ['-v', 'error'],
    inputs: [
      {
        url: 'pipe:0',
        options: [
          ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`],
          ...['-r', String(fps), ...atOnce, '-thread_queue_size', '8'],
        ],
      },
      {
        url: 'pipe:3',
        options: [
          ...['-f', 's16le', '-ar', String(SOUND_RATE), '-ac', String(CHANNELS), ...atOnce],
          ...['-thread_queue_size', '64'],
        ],
      },
    ],
    outputs: [
      {
        url: 'pipe:1',
        options: [
          ...['-map', '0:v', '-map', '1:a', '-c:v', 'libx264', '-preset', 'superfast'],
          ...['-tune', 'zerolatency', '-bf', '0', '-crf', String(QUALITY_CRF)],
          ...['-maxrate', `${MAX_KBPS}k`, '-bufsize', `${MAX_KBPS}k`, '-threads', '2'],
          ...['-sc_threshold', '0', '-g', String(fps * KEY_EVERY_SECONDS)],
          ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
          ...['-c:a', 'aac', '-b:a', `${SOUND_KBPS}k`],
          ...['-flvflags', 'no_duration_filesize+no_metadata', '-flush_packets', '1'],
          ...['-muxdelay', '0', '-f', 'flv'],
        ],
      },
    ],
  };
}

export interface StageEncoderOptions {
  size: Size;
  fps: number;
  /** The body is a view of memory that is used again. */
  onTag: (tag: FlvTag) => void;
  onEnd: () => void;
  log: Logger;
}

/** One life of the ffmpeg that makes what is on stage into a stream. It restarts nothing. */
export class StageEncoder {
  readonly #child: Child;
  readonly #sound: Writable | undefined;
  #killed = false;

  constructor({ size, fps, onTag, onEnd, log }: StageEncoderOptions) {
    this.#child = startChild('ffmpeg', ffmpegArgs(stageCommand(size, fps)), {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr, stdio } = this.#child.process;
    this.#sound = stdio[3] as Writable | undefined;
    for (const stream of [stdin, this.#sound]) stream?.on('error', () => {});
    const reader = new FlvReader({ maxBodyBytes: MAX_TAG_BYTES, onTag });
    stdout?.on('data', (chunk: Buffer) => {
      if (this.#killed) return;
      try {
        reader.push(chunk);
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'what came from the stage is unreadable');
        this.#child.process.kill('SIGKILL');
      }
    });
    const complaint = lastWords(stderr);
    this.#child.exited
      .then(({ error, code }) => {
        const reason = error === undefined ? complaint() || code : messageOf(error);
        if (!this.#killed) log.warn({ reason }, 'encoding of the stage broke off');
        onEnd();
      })
      .catch(() => {});
  }

  /** What ffmpeg has not taken yet, in bytes of pictures. */
  get backlogBytes(): number {
    return this.#child.process.stdin?.writableLength ?? 0;
  }

  /** One picture and the sound that lasts as long. Both are handed over. */
  write(picture: Uint8Array, sound: Int16Array): void {
    this.#sound?.write(new Uint8Array(sound.buffer, sound.byteOffset, sound.byteLength));
    this.#child.process.stdin?.write(picture);
  }

  kill(): void {
    this.#killed = true;
    this.#child.process.kill('SIGKILL');
  }
}
