import { type Micros, micros } from '#base';
import type { MediaConfig, MediaUnit } from '#contracts';
import { aacTagHeader, avcTagHeader, flvHeader, flvTag, TAG_AUDIO, TAG_VIDEO } from '#protocol';

/** Where a feed goes: an HTTP response, or anything that says how much it still holds. */
export interface FeedSink {
  write(bytes: Uint8Array): void;
  /** Bytes written that the receiver has not taken yet. */
  readonly backlogBytes: number;
  end(): void;
}

interface Entry {
  bytes: Uint8Array;
  dtsUs: number;
  /** A key frame of the video. */
  key: boolean;
  config: 'video' | 'audio' | undefined;
}

interface Subscriber {
  sink: FeedSink;
  /** Too far behind: waits for the backlog to drain and for a key frame. */
  skipping: boolean;
  skipped: number;
}

/** Key frames that the history begins with at least: a resuming reader finds what it needs in two GOPs. */
const HISTORY_GOPS = 3;
const HISTORY_MAX_BYTES = 96 * 1024 * 1024;
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
  #history: Entry[] = [];
  #historyBytes = 0;
  #gops = 0;
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

  config(config: MediaConfig, atUs: Micros): void {
    const timestamp = this.#timestampMs(atUs);
    const bytes =
      config.track === 'video'
        ? flvTag(TAG_VIDEO, timestamp, avcTagHeader(true, true, 0), config.bytes)
        : flvTag(TAG_AUDIO, timestamp, aacTagHeader(true), config.bytes);
    this.#append({ bytes, dtsUs: atUs, key: false, config: config.track });
  }

  unit(unit: MediaUnit): void {
    const timestamp = this.#timestampMs(unit.dts);
    if (unit.track === 'audio') {
      const bytes = flvTag(TAG_AUDIO, timestamp, aacTagHeader(false), unit.payload);
      this.#append({ bytes, dtsUs: unit.dts, key: false, config: undefined });
      return;
    }
    const compositionMs = this.#timestampMs(unit.pts) - timestamp;
    const header = avcTagHeader(unit.key, false, compositionMs);
    const bytes = flvTag(TAG_VIDEO, timestamp, header, unit.payload);
    this.#append({ bytes, dtsUs: unit.dts, key: unit.key, config: undefined });
  }

  /**
   * Adds a reader. It begins with the last key frame at or before `fromUs`, or
   * with the oldest there is; without `fromUs` with the oldest. The returned
   * function removes it.
   */
  subscribe(sink: FeedSink, fromUs?: number): () => void {
    sink.write(flvHeader({ audio: true, video: true }));
    let start = 0;
    if (fromUs !== undefined) {
      this.#history.forEach((entry, i) => {
        if (entry.key && entry.dtsUs <= fromUs) start = i;
      });
    }
    const opening = { ...this.#opening };
    for (const entry of this.#history.slice(0, start)) {
      if (entry.config !== undefined) opening[entry.config] = entry;
    }
    if (opening.video !== undefined) sink.write(opening.video.bytes);
    if (opening.audio !== undefined) sink.write(opening.audio.bytes);
    for (const entry of this.#history.slice(start)) sink.write(entry.bytes);
    if (this.#ended) {
      sink.end();
      return () => {};
    }
    const subscriber: Subscriber = { sink, skipping: false, skipped: 0 };
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** No more media: readers get what is there and then the end. */
  end(): void {
    this.#ended = true;
    for (const { sink } of this.#subscribers) sink.end();
    this.#subscribers.clear();
  }

  #timestampMs(us: number): number {
    return Math.round((us - this.baseUs) / 1000);
  }

  #append(entry: Entry): void {
    this.#remember(entry);
    for (const subscriber of this.#subscribers) this.#deliver(subscriber, entry);
  }

  #deliver(subscriber: Subscriber, entry: Entry): void {
    const { sink } = subscriber;
    if (!subscriber.skipping && sink.backlogBytes > BACKLOG_HIGH_BYTES) subscriber.skipping = true;
    if (subscriber.skipping) {
      if (entry.key && sink.backlogBytes < BACKLOG_LOW_BYTES) {
        subscriber.skipping = false;
      } else if (entry.config === undefined) {
        subscriber.skipped++;
        this.#skipped++;
        return;
      }
    }
    sink.write(entry.bytes);
  }

  #remember(entry: Entry): void {
    this.#history.push(entry);
    this.#historyBytes += entry.bytes.length;
    if (entry.key) this.#gops++;
    while (this.#gops > HISTORY_GOPS || this.#historyBytes > HISTORY_MAX_BYTES) {
      if (!this.#forgetGop()) break;
    }
  }

  /** Drops everything before the second key frame of the history. */
  #forgetGop(): boolean {
    const second = this.#history.findIndex((entry, i) => i > 0 && entry.key);
    if (second < 0) return false;
    for (const entry of this.#history.slice(0, second)) {
      this.#historyBytes -= entry.bytes.length;
      if (entry.config !== undefined) this.#opening[entry.config] = entry;
    }
    this.#history = this.#history.slice(second);
    this.#gops--;
    return true;
  }
}
