import { type FlvTag, TAG_AUDIO, TAG_VIDEO } from '#protocol';
import type { RtmpClient } from './rtmp-client.ts';
import { AUDIO, type VIDEO } from './rtmp-wire.ts';

export interface ReplayOptions {
  /** Milliseconds on the encoder's clock at the first tag; wraps at 2^32. */
  startMs?: number;
  /** Begin again at the end, with the clock going on. */
  loop?: boolean;
  /** Changes the clock of a tag, e.g. to make it jump. */
  stamp?: (timestampMs: number, elapsedMs: number) => number;
}

/** Sends the tags of a file in real time: a light encoder, since nothing is encoded. */
export class Replay {
  readonly #client: RtmpClient;
  readonly #tags: readonly FlvTag[];
  readonly #options: ReplayOptions;
  readonly #startedAt = performance.now();
  readonly #lengthMs: number;
  #next = 0;
  #laps = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly finished: Promise<void>;
  #finish: () => void = () => {};

  constructor(client: RtmpClient, tags: readonly FlvTag[], options: ReplayOptions = {}) {
    this.#client = client;
    this.#options = options;
    this.#tags = tags.filter(({ type }) => type === TAG_AUDIO || type === TAG_VIDEO);
    const last = this.#tags.findLast(({ type }) => type === TAG_VIDEO) ?? this.#tags.at(-1);
    this.#lengthMs = Math.round((last?.timestampMs ?? 0) + frameMs(this.#tags));
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#pump();
  }

  /** Tags sent so far. */
  get sent(): number {
    return this.#laps * this.#tags.length + this.#next;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#finish();
  }

  #pump(): void {
    const now = performance.now() - this.#startedAt;
    for (;;) {
      const tag = this.#tags[this.#next];
      if (tag === undefined || !this.#client.isOpen) {
        this.stop();
        return;
      }
      const at = this.#laps * this.#lengthMs + tag.timestampMs;
      if (at > now) {
        this.#timer = setTimeout(() => this.#pump(), at - now);
        return;
      }
      this.#send(tag, at);
      this.#next++;
      if (this.#next < this.#tags.length || !this.#options.loop) continue;
      this.#next = 0;
      this.#laps++;
    }
  }

  #send(tag: FlvTag, at: number): void {
    const { startMs = 0, stamp } = this.#options;
    const clock = startMs + (stamp === undefined ? at : stamp(at, at));
    // Configurations are sent once: a lap is no new beginning.
    if (this.#laps > 0 && tag.body[1] === 0 && tag.timestampMs === 0) return;
    const type = tag.type as typeof AUDIO | typeof VIDEO;
    this.#client.media(type === AUDIO ? AUDIO : type, clock % 2 ** 32, tag.body);
  }
}

/** Distance of the pictures; of the sounds where there are none. */
function frameMs(tags: readonly FlvTag[]): number {
  const video = tags.filter(({ type }) => type === TAG_VIDEO);
  const own = video.length > 1 ? video : tags;
  const first = own[1];
  const last = own.at(-1);
  if (first === undefined || last === undefined || own.length < 3) return 0;
  return (last.timestampMs - first.timestampMs) / (own.length - 2);
}
