import { copyBytes, type Logger } from '#base';
import type { PublicationUnit } from '#contracts';
import {
  type FlvTag,
  type MatroskaTrack,
  type PictureSize,
  vp8KeyFrameSize,
  vp9KeyFrameSize,
} from '#protocol';
import { TrackRun } from './track-run.ts';

type Codec = MatroskaTrack['codec'];

export interface TranscodedTrackOptions {
  codec: Codec;
  /** A tag of H.264 or AAC, with the time that went in. Its body is a view. */
  onTag: (type: FlvTag['type'], timeMs: number, body: Uint8Array) => void;
  log: Logger;
  /** Starts one ffmpeg; tests give their own. */
  start?: (options: ConstructorParameters<typeof TrackRun>[0]) => Run;
}

type Run = Pick<TrackRun, 'isWritable' | 'backlogBytes' | 'write' | 'end' | 'kill'>;

interface Life {
  run: Run;
  /** Tags that wait for the life before to be over. */
  held: FlvTag[];
  over: boolean;
}

/** After a longer silence it begins anew, rather than fill up the hole in between. */
const MAX_GAP_MS = 1_000;
const STEP_BACK_MS = 100;
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
const MAX_LIVES = 3;
/** Between two beginnings: what fails at once is not tried again with every frame. */
const LEAST_LIFE_MS = 300;
const STEREO = 2;

const KEY_FRAME_SIZE: Readonly<Record<Codec, (frame: Uint8Array) => PictureSize | undefined>> = {
  VP8: vp8KeyFrameSize,
  VP9: vp9KeyFrameSize,
  opus: () => undefined,
};

/**
 * Turns one track of a publisher into what the program carries, by one ffmpeg
 * after another: a new one for each size of the picture, after a gap, and when
 * one fails. What a new one makes waits until the old one is done.
 */
export class TranscodedTrack {
  readonly #options: TranscodedTrackOptions;
  #lives: Life[] = [];
  #size: PictureSize | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #begunMs = Number.NEGATIVE_INFINITY;
  #needsKey = true;
  #closed = false;
  /** Units that could not be used. */
  dropped = 0;

  constructor(options: TranscodedTrackOptions) {
    this.#options = options;
  }

  /** Takes a unit; its time is in milliseconds, not negative. Its payload is copied. */
  push(timeMs: number, { key, payload }: Pick<PublicationUnit, 'key' | 'payload'>): void {
    if (this.#closed) return;
    const run = this.#runFor(timeMs, key, payload);
    if (run === undefined || run.backlogBytes > MAX_BACKLOG_BYTES) {
      this.#needsKey = true;
      this.dropped++;
      return;
    }
    this.#needsKey = false;
    this.#lastMs = timeMs;
    run.write(timeMs, key, payload);
  }

  /** Ends at once; what is inside is lost. */
  close(): void {
    this.#closed = true;
    for (const { run } of this.#lives) run.kill();
    this.#lives = [];
  }

  #runFor(timeMs: number, key: boolean, payload: Uint8Array): Run | undefined {
    const { codec } = this.#options;
    const current = this.#lives.at(-1)?.run;
    const stepMs = timeMs - this.#lastMs;
    const size = key && codec !== 'opus' ? KEY_FRAME_SIZE[codec](payload) : undefined;
    const resized =
      size !== undefined &&
      (size.width !== this.#size?.width || size.height !== this.#size?.height);
    const torn = stepMs > MAX_GAP_MS || stepMs < -STEP_BACK_MS;
    const usable = current?.isWritable === true && !torn && !resized;
    if (usable) return this.#needsKey && !key ? undefined : current;
    if (!key || (codec !== 'opus' && size === undefined)) return undefined;
    current?.end();
    // Faster than they end: a publisher gets no more of them.
    if (this.#lives.length >= MAX_LIVES) return undefined;
    if (Math.abs(timeMs - this.#begunMs) < LEAST_LIFE_MS) return undefined;
    this.#begunMs = timeMs;
    if (size !== undefined) this.#size = size;
    return this.#begin(
      codec === 'opus' ? { codec, channels: STEREO } : { codec, ...(size as PictureSize) },
    );
  }

  #begin(track: MatroskaTrack): Run {
    const { log, start = (options) => new TrackRun(options) } = this.#options;
    const life: Life = {
      held: [],
      over: false,
      run: start({
        track,
        log,
        onTag: (tag) => {
          if (this.#closed) return;
          if (this.#lives[0] === life) this.#emit(tag);
          else life.held.push({ ...tag, body: copyBytes(tag.body) });
        },
        onEnd: () => {
          life.over = true;
          this.#advance();
        },
      }),
    };
    this.#lives.push(life);
    return life.run;
  }

  /** Lets out what waited for lives that are over. */
  #advance(): void {
    while (this.#lives[0]?.over === true) {
      this.#lives.shift();
      for (const tag of this.#lives[0]?.held.splice(0) ?? []) this.#emit(tag);
    }
  }

  #emit({ type, timestampMs, body }: FlvTag): void {
    this.#options.onTag(type, timestampMs, body);
  }
}
