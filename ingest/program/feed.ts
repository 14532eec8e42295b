import { type Micros, micros } from '#base';
import type { MediaConfig, MediaUnit } from '#contracts';
import {
  aacTagHeader,
  avcTagHeader,
  FLV_TAG_OVERHEAD,
  flvHeader,
  flvTag,
  TAG_AUDIO,
  TAG_VIDEO,
  writeFlvTag,
} from '#protocol';
import { Arena } from './arena.ts';

/** Where a feed goes: an HTTP response, or anything that says how much it still holds. */
export interface FeedSink {
  /** The bytes may be overwritten once they have left the backlog. */
  write(bytes: Uint8Array): void;
  /** Bytes written that have not been sent or copied yet. */
  readonly backlogBytes: number;
  /** The program is over. */
  end(): void;
  /** The feed breaks off here; the program may go on elsewhere. */
  abort(): void;
}

interface Entry {
  bytes: Uint8Array;
  /** Number of the arena's block that holds the bytes, or one that comes later. */
  block: number;
  dtsUs: number;
  track: 'video' | 'audio';
  /** `key`: a key frame of the video. */
  kind: 'config' | 'key' | 'frame';
}

interface Subscriber {
  sink: FeedSink;
  /** Too far behind, or nothing to begin with: waits for the backlog to drain and for a key frame. */
  skipping: boolean;
}

/**
 * A resuming reader finds what it needs in two GOPs, and not in less than this:
 * it may be some seconds behind, and takes its time to come.
 */
const HISTORY_GOPS = 3;
const HISTORY_US = 10_000_000;
/** More than this is not kept even of the one GOP that a reader would begin with. */
const HISTORY_MAX_BYTES = 64 * 1024 * 1024;
const BACKLOG_HIGH_BYTES = 12 * 1024 * 1024;
const BACKLOG_LOW_BYTES = 256 * 1024;
/**
 * Bases lie on multiples of this: whole seconds, whole AAC frames at 48 kHz,
 * and whole frames at every rate, n/1001 too. So frames counted from any base
 * fall on the same grid.
 */
const BASE_GRID_US = 8_008_000_000;
/** Room before the first sample for an encoder's priming. */
const BASE_LEAD_US = 1_000_000;

const AAC_FRAME_HEAD = aacTagHeader(false);
const AAC_CONFIG_HEAD = aacTagHeader(true);
const AVC_CONFIG_HEAD = avcTagHeader(true, true, 0);

/**
 * The program of one event as an FLV stream for any number of readers: one
 * timeline from the run's start, decoder configurations in band, and enough
 * history to start at an earlier key frame. A slow reader loses whole GOPs;
 * it never holds up the others.
 */
export class ProgramFeed {
  /** Epoch time of the feed's timestamp 0. */
  readonly baseUs: Micros;
  readonly #subscribers = new Set<Subscriber>();
  readonly #arena = new Arena();
  #history: Entry[] = [];
  #historyBytes = 0;
  /** When its key frames are decoded, the oldest first. */
  readonly #keyTimes: number[] = [];
  /** Configurations in force where the history begins. */
  #opening: { video: Entry | undefined; audio: Entry | undefined } = {
    video: undefined,
    audio: undefined,
  };
  #skipped = 0;
  #ended = false;

  constructor(startUs: Micros) {
    this.baseUs = micros(Math.floor((startUs - BASE_LEAD_US) / BASE_GRID_US) * BASE_GRID_US);
  }

  /** Access units that slow readers have lost, all together. */
  get skipped(): number {
    return this.#skipped;
  }

  get readers(): number {
    return this.#subscribers.size;
  }

  /** What is kept for readers to come. */
  get historyBytes(): number {
    return this.#historyBytes;
  }

  config(config: MediaConfig, atUs: Micros): void {
    const timestampMs = this.#timestampMs(atUs);
    // In memory of its own: a configuration outlives the history around it.
    const bytes =
      config.track === 'video'
        ? flvTag(TAG_VIDEO, timestampMs, AVC_CONFIG_HEAD, config.bytes)
        : flvTag(TAG_AUDIO, timestampMs, AAC_CONFIG_HEAD, config.bytes);
    this.#append(config.track, 'config', bytes, atUs);
  }

  /** Takes a unit over, moved by `shiftUs` on the timeline; its payload is copied. */
  unit(unit: MediaUnit, shiftUs = 0): void {
    const dtsUs = unit.dts + shiftUs;
    if (unit.track === 'audio') {
      const tag = this.#tag(TAG_AUDIO, dtsUs, AAC_FRAME_HEAD, unit.payload);
      this.#append('audio', 'frame', tag, dtsUs);
      return;
    }
    const compositionMs = this.#timestampMs(unit.pts + shiftUs) - this.#timestampMs(dtsUs);
    const head = avcTagHeader(unit.key, false, compositionMs);
    const tag = this.#tag(TAG_VIDEO, dtsUs, head, unit.payload);
    this.#append('video', unit.key ? 'key' : 'frame', tag, dtsUs);
  }

  /**
   * Adds a reader. It begins with the last key frame from where on all pictures
   * and sound of `fromUs` and later come, or with the oldest there is; without
   * `fromUs` with the oldest. The returned function removes it.
   */
  subscribe(sink: FeedSink, fromUs?: number): () => void {
    sink.write(flvHeader({ audio: true, video: true }));
    const start = fromUs === undefined ? 0 : this.#beginningFor(fromUs);
    const opening = { ...this.#opening };
    for (const entry of this.#history.slice(0, start)) {
      if (entry.kind === 'config') opening[entry.track] = entry;
    }
    if (opening.video !== undefined) sink.write(opening.video.bytes);
    if (opening.audio !== undefined) sink.write(opening.audio.bytes);
    for (const entry of this.#history.slice(start)) sink.write(entry.bytes);
    if (this.#ended) {
      sink.end();
      return () => {};
    }
    const subscriber: Subscriber = { sink, skipping: this.#keyTimes.length === 0 };
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** No more media: readers get what is there and then the end. */
  end(): void {
    this.#close((sink) => sink.end());
  }

  /** No more media from here: readers are cut off and look for the program elsewhere. */
  abort(): void {
    this.#close((sink) => sink.abort());
  }

  #close(finish: (sink: FeedSink) => void): void {
    this.#ended = true;
    for (const { sink } of this.#subscribers) finish(sink);
    this.#subscribers.clear();
  }

  /** Sound may come ahead of the pictures of its time: then it lies before their key frame. */
  #beginningFor(us: number): number {
    const history = this.#history;
    const firstSound = history.findIndex(({ track, dtsUs }) => track === 'audio' && dtsUs >= us);
    const from = history.findLastIndex(
      ({ kind, dtsUs }, i) => kind === 'key' && dtsUs <= us && (firstSound < 0 || i < firstSound),
    );
    return Math.max(0, from);
  }

  #timestampMs(us: number): number {
    return Math.round((us - this.baseUs) / 1000);
  }

  #tag(
    type: typeof TAG_AUDIO | typeof TAG_VIDEO,
    us: number,
    head: Uint8Array,
    payload: Uint8Array,
  ): Uint8Array {
    const bytes = this.#arena.take(FLV_TAG_OVERHEAD + head.length + payload.length);
    writeFlvTag(bytes, type, this.#timestampMs(us), head, payload);
    return bytes;
  }

  #append(track: Entry['track'], kind: Entry['kind'], bytes: Uint8Array, dtsUs: number): void {
    if (this.#ended) return;
    const entry: Entry = { bytes, block: this.#arena.block, dtsUs, track, kind };
    this.#remember(entry);
    for (const subscriber of this.#subscribers) this.#deliver(subscriber, entry);
  }

  #deliver(subscriber: Subscriber, entry: Entry): void {
    const { sink } = subscriber;
    if (!subscriber.skipping && sink.backlogBytes > BACKLOG_HIGH_BYTES) subscriber.skipping = true;
    if (subscriber.skipping) {
      if (entry.kind === 'key' && sink.backlogBytes < BACKLOG_LOW_BYTES) {
        subscriber.skipping = false;
      } else if (entry.kind !== 'config') {
        this.#skipped++;
        return;
      }
    }
    sink.write(entry.bytes);
  }

  #remember(entry: Entry): void {
    if (this.#keyTimes.length === 0 && entry.kind !== 'key') {
      // Nobody could begin here: what comes before the first key frame is passed on and not kept.
      if (entry.kind === 'config') this.#opening[entry.track] = entry;
      this.#arena.release(this.#arena.block, this.#isAllSent());
      return;
    }
    this.#history.push(entry);
    this.#historyBytes += entry.bytes.length;
    if (entry.kind === 'key') this.#hasBegunGop(entry.dtsUs);
    while (this.#historyBytes > HISTORY_MAX_BYTES) this.#forgetGop();
  }

  #hasBegunGop(dtsUs: number): void {
    this.#keyTimes.push(dtsUs);
    const isSpare = () => {
      const [, second = dtsUs] = this.#keyTimes;
      return this.#keyTimes.length > HISTORY_GOPS && dtsUs - second >= HISTORY_US;
    };
    while (isSpare()) this.#forgetGop();
  }

  /** Drops everything before the second key frame of the history; all of it when there is none. */
  #forgetGop(): void {
    const second = this.#history.findIndex(({ kind }, i) => i > 0 && kind === 'key');
    const kept = second < 0 ? [] : this.#history.slice(second);
    const gone = second < 0 ? this.#history : this.#history.slice(0, second);
    for (const entry of gone) {
      this.#historyBytes -= entry.bytes.length;
      if (entry.kind === 'key') this.#keyTimes.shift();
      if (entry.kind === 'config') this.#opening[entry.track] = entry;
    }
    this.#history = kept;
    this.#arena.release(kept[0]?.block ?? this.#arena.block, this.#isAllSent());
  }

  #isAllSent(): boolean {
    for (const { sink } of this.#subscribers) if (sink.backlogBytes > 0) return false;
    return true;
  }
}
