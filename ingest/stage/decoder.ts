import { type Logger, messageOf } from '#base';
import type { PublicationCodec, PublicationUnit } from '#contracts';
import { type Child, type FfmpegCommand, ffmpegArgs, lastWords, startChild } from '#platform';
import { matroskaFrame, matroskaHead } from '#protocol';
import type { Size } from './layout.ts';
import { CHANNELS, SOUND_RATE } from './sound.ts';

/** Browsers send in BT.601; the stage, as all that is high definition, is in BT.709. */
const COLOURS = 'scale=in_color_matrix=bt601:out_color_matrix=bt709:in_range=tv:out_range=tv';
const MAX_BACKLOG_BYTES = 2 * 1024 * 1024;

export interface DecoderOptions {
  onData: (chunk: Buffer) => void;
  /** It ended, by itself or by `kill`. */
  onEnd: () => void;
  log: Logger;
}

/** One life of one ffmpeg that takes a track apart into raw pictures or samples. It restarts nothing. */
export class Decoder {
  readonly #child: Child;
  readonly #codec: PublicationCodec;
  #killed = false;

  private constructor(
    codec: PublicationCodec,
    command: FfmpegCommand,
    { onData, onEnd, log }: DecoderOptions,
  ) {
    this.#codec = codec;
    this.#child = startChild('ffmpeg', ffmpegArgs(command), { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.#child.process;
    stdin?.on('error', () => {});
    stdout?.on('data', (chunk: Buffer) => {
      if (!this.#killed) onData(chunk);
    });
    const complaint = lastWords(stderr);
    this.#child.exited
      .then(({ error, code }) => {
        const reason = error === undefined ? complaint() || code : messageOf(error);
        if (!this.#killed) log.warn({ codec, reason }, 'decoding for the stage broke off');
        onEnd();
      })
      .catch(() => {});
  }

  /** Pictures of `size`, cut to fit it (`cover`) or whole with bars around (`contain`). */
  static ofPicture(
    codec: Exclude<PublicationCodec, 'opus'>,
    source: Size,
    size: Size,
    fit: 'cover' | 'contain',
    options: DecoderOptions,
  ): Decoder {
    const { width, height } = size;
    const fill =
      fit === 'cover'
        ? `scale=${width}:${height}:force_original_aspect_ratio=increase,crop=${width}:${height}`
        : `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1`;
    const decoder = new Decoder(
      codec,
      {
        global: ['-v', 'error'],
        inputs: [
          {
            url: 'pipe:0',
            options: [
              ...['-probesize', '32', '-analyzeduration', '0', '-threads', '1'],
              ...['-f', codec === 'H264' ? 'h264' : 'matroska'],
            ],
          },
        ],
        outputs: [
          {
            url: 'pipe:1',
            options: [
              ...['-vf', `${fill},${COLOURS},setsar=1,format=yuv420p`],
              ...['-fps_mode', 'passthrough'],
              ...['-f', 'rawvideo'],
            ],
          },
        ],
      },
      options,
    );
    if (codec !== 'H264') decoder.#write(matroskaHead({ codec, ...source }));
    return decoder;
  }

  /** 16-bit samples at 48 kHz in two channels. */
  static ofSound(options: DecoderOptions): Decoder {
    const decoder = new Decoder(
      'opus',
      {
        global: ['-v', 'error'],
        inputs: [
          {
            url: 'pipe:0',
            options: ['-probesize', '32', '-analyzeduration', '0', '-f', 'matroska'],
          },
        ],
        outputs: [
          {
            url: 'pipe:1',
            options: [
              ...['-ac', String(CHANNELS), '-ar', String(SOUND_RATE)],
              ...['-f', 's16le', '-flush_packets', '1'],
            ],
          },
        ],
      },
      options,
    );
    decoder.#write(matroskaHead({ codec: 'opus', channels: CHANNELS }));
    return decoder;
  }

  /** False when it cannot take it: it is over, or behind. */
  push(timeMs: number, { key, payload }: Pick<PublicationUnit, 'key' | 'payload'>): boolean {
    const { stdin } = this.#child.process;
    if (this.#killed || stdin === null || !stdin.writable) return false;
    if (stdin.writableLength > MAX_BACKLOG_BYTES) return false;
    this.#write(this.#codec === 'H264' ? payload.slice() : matroskaFrame(timeMs, key, payload));
    return true;
  }

  kill(): void {
    this.#killed = true;
    this.#child.process.kill('SIGKILL');
  }

  #write(bytes: Uint8Array): void {
    this.#child.process.stdin?.write(bytes);
  }
}
