import { type Logger, messageOf } from '#base';
import { type Child, ffmpegArgs, lastWords, startChild } from '#platform';
import { FlvReader, type FlvTag, type MatroskaTrack, matroskaFrame, matroskaHead } from '#protocol';
import { trackCommand } from './track-command.ts';

const MAX_TAG_BYTES = 8 * 1024 * 1024;
const DRAIN_MS = 1_000;

export interface TrackRunOptions {
  track: MatroskaTrack;
  /** The body is a view of memory that is used again. */
  onTag: (tag: FlvTag) => void;
  /** Everything has come out, or it failed; nothing follows. */
  onEnd: () => void;
  log: Logger;
}

/** One life of one ffmpeg that turns a track into what the program carries. It restarts nothing. */
export class TrackRun {
  readonly #child: Child;
  #ending: NodeJS.Timeout | undefined;

  constructor({ track, onTag, onEnd, log }: TrackRunOptions) {
    const child = startChild('ffmpeg', ffmpegArgs(trackCommand(track)), {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    const { stdin, stdout, stderr } = child.process;
    stdin?.on('error', () => {});
    const reader = new FlvReader({ maxBodyBytes: MAX_TAG_BYTES, onTag });
    stdout?.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        log.warn({ codec: track.codec, reason: messageOf(error) }, 'ffmpeg output unreadable');
        child.process.kill('SIGKILL');
      }
    });
    const complaint = lastWords(stderr);
    let over = false;
    const finish = (code: number | null) => {
      if (over) return;
      over = true;
      const expected = this.#ending !== undefined;
      clearTimeout(this.#ending);
      if (!expected) {
        const reason = complaint() || `code ${code}`;
        log.warn({ codec: track.codec, reason }, 'transcoding of a source broke off');
      }
      onEnd();
    };
    child.process.once('close', finish);
    child.process.once('error', () => finish(null));
    stdin?.write(matroskaHead(track));
  }

  get isWritable(): boolean {
    return this.#ending === undefined && this.#child.process.stdin?.writable === true;
  }

  /** Bytes that ffmpeg has not taken yet. */
  get backlogBytes(): number {
    return this.#child.process.stdin?.writableLength ?? 0;
  }

  write(timeMs: number, key: boolean, payload: Uint8Array): void {
    this.#child.process.stdin?.write(matroskaFrame(timeMs, key, payload));
  }

  /** Nothing more goes in; what is inside still comes out. */
  end(): void {
    if (this.#ending !== undefined) return;
    this.#ending = setTimeout(() => this.#child.process.kill('SIGKILL'), DRAIN_MS);
    this.#child.process.stdin?.end();
  }

  kill(): void {
    this.end();
    this.#child.process.kill('SIGKILL');
  }
}
