import { type Closable, messageOf } from '#base';
import type { RenditionUnit, RoomRenditionOpening } from '#contracts';
import { type Child, ffmpegArgs, lastWords, startChild } from '#platform';
import { IvfReader, matroskaFrame, matroskaHead, vp8KeyFrameSize } from '#protocol';
import { scalingCommand } from './command.ts';

/** More is too late for anybody: what comes is left out up to the next key frame. */
const MAX_BACKLOG_BYTES = 2 * 1024 * 1024;
const US_PER_MS = 1_000;

type Unit = Omit<RenditionUnit, 'track'>;

export interface ScalerOptions {
  opening: RoomRenditionOpening;
  onUnit: (unit: Unit) => void;
}

/** One ffmpeg that makes a picture smaller as it comes. It restarts nothing. */
export class Scaler implements Closable {
  readonly #child: Child;
  readonly #onUnit: (unit: Unit) => void;
  readonly #ivf = new IvfReader();
  /** Time of capture at the stream's timestamp 0. */
  #baseUs: number | undefined;
  #lastMs = -1;
  #needsKey = true;
  /** Pictures that ffmpeg did not take in time. */
  dropped = 0;
  /** It has ended; says why. */
  readonly ended: Promise<string>;

  constructor({ opening, onUnit }: ScalerOptions) {
    const { codec, source } = opening;
    this.#onUnit = onUnit;
    this.#child = startChild('ffmpeg', ffmpegArgs(scalingCommand(opening)), {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#child.process;
    const complaint = lastWords(stderr);
    let fault: string | undefined;
    stdin?.on('error', () => {});
    stdout?.on('data', (chunk: Buffer) => {
      try {
        this.#read(chunk);
      } catch (error) {
        fault ??= messageOf(error);
        this.#child.process.kill('SIGKILL');
      }
    });
    this.ended = this.#child.exited.then(
      ({ error, code, signal }) =>
        fault ?? (error === undefined ? complaint() || `ffmpeg: ${code ?? signal}` : error.message),
    );
    stdin?.write(matroskaHead({ codec, ...source }));
  }

  /** One picture of the source, in decoding order. */
  push({ key, capturedUs, payload }: Unit): void {
    const { stdin } = this.#child.process;
    const behind = stdin === null || !stdin.writable || stdin.writableLength > MAX_BACKLOG_BYTES;
    if (behind || (this.#needsKey && !key)) {
      this.#needsKey = true;
      this.dropped++;
      return;
    }
    this.#needsKey = false;
    this.#baseUs ??= capturedUs;
    // Two pictures never have the same millisecond, and time never goes back.
    const ms = Math.max(Math.round((capturedUs - this.#baseUs) / US_PER_MS), this.#lastMs + 1);
    this.#lastMs = ms;
    stdin.write(matroskaFrame(ms, key, payload));
  }

  #read(chunk: Buffer): void {
    for (const { timestamp, payload } of this.#ivf.push(chunk)) {
      const capturedUs = (this.#baseUs ?? 0) + timestamp * US_PER_MS;
      const key = vp8KeyFrameSize(payload) !== undefined;
      if (payload.length > 0) this.#onUnit({ key, capturedUs, payload });
    }
  }

  async close(): Promise<void> {
    this.#child.process.kill('SIGKILL');
    await this.#child.exited;
  }
}
