import { type Clock, copyBytes, Emitter, type Micros, type Millis } from '#base';
import type { MediaConfig, MediaUnit, SourceHealth } from '#contracts';
import type { Amf0Value } from '#protocol';
import type { Publisher, PublisherSink } from '../rtmp/session.ts';
import { Demuxer } from './demux.ts';
import { HealthMeter } from './health.ts';
import { Timeline } from './timeline.ts';

type SourceEvents = {
  /** The payload is valid during the call; whoever keeps it takes a copy. */
  unit: [unit: MediaUnit];
  config: [config: MediaConfig];
  /** The publisher is gone; nothing follows until another one attaches. */
  detached: [reason: string];
};

/** What is counted of sources, all together. */
export interface SourceCounters {
  /** Access units, and their bytes, that came out of publishers' streams. */
  units: { video: number; audio: number };
  bytes: number;
  /** Tags that were of no use. */
  dropped: number;
}

interface RawTag {
  type: Parameters<PublisherSink['onMedia']>[0];
  timestampMs: number;
  body: Uint8Array;
  arrivedUs: Micros;
}

/** One publisher's session as a source sees it. */
interface Attachment {
  publisher: Publisher;
  connectedUs: Micros;
  timeline: Timeline;
  demuxer: Demuxer;
  meter: HealthMeter;
  /** Monotonic time of the newest tag, or of the connection. */
  heardMs: Millis;
  /** First samples, held until the least delay among them is known. */
  settling: { tags: RawTag[]; bytes: number } | undefined;
}

/** The first sample is often late (connection set-up, encoder warm-up): anchor on the best of this long. */
const SETTLE_US = 400_000;
const MAX_SETTLING_BYTES = 16 * 1024 * 1024;
const MAX_SETTLING_TAGS = 2_000;
const LEAST_FPS = 5;
const MOST_FPS = 240;

/**
 * A camera of an event. It outlives its publishers: one attaches, is lost,
 * another attaches. Its units are on the epoch timeline.
 */
export class Source extends Emitter<SourceEvents> {
  readonly sourceId: string;
  readonly #clock: Clock;
  readonly #counters: SourceCounters | undefined;
  #attachment: Attachment | undefined;
  #lastHealth: SourceHealth | undefined;
  #videoConfig: MediaConfig | undefined;
  #audioConfig: MediaConfig | undefined;
  /** Those who wait for a sign of life. */
  readonly #listening = new Set<(heard: boolean) => void>();
  /** Frames a second as the encoder says, if it does. */
  declaredFps: number | undefined;

  constructor(sourceId: string, clock: Clock, counters?: SourceCounters) {
    super();
    this.sourceId = sourceId;
    this.#clock = clock;
    this.#counters = counters;
  }

  get connected(): boolean {
    return this.#attachment !== undefined;
  }

  /** When the present publisher came; undefined when there is none. */
  get connectedUs(): Micros | undefined {
    return this.#attachment?.connectedUs;
  }

  /** Monotonic time at which the present publisher was last heard of; undefined when there is none. */
  get heardMs(): Millis | undefined {
    return this.#attachment?.heardMs;
  }

  get videoConfig(): MediaConfig | undefined {
    return this.#videoConfig;
  }

  get audioConfig(): MediaConfig | undefined {
    return this.#audioConfig;
  }

  /** Takes a publisher; the one before it, if any, is closed. */
  attach(publisher: Publisher): PublisherSink {
    this.drop('another publisher took over');
    const timeline = new Timeline();
    const attachment: Attachment = {
      publisher,
      connectedUs: this.#clock.nowUs(),
      timeline,
      demuxer: new Demuxer(timeline),
      meter: new HealthMeter(),
      heardMs: this.#clock.monotonicMs(),
      settling: { tags: [], bytes: 0 },
    };
    this.#attachment = attachment;
    this.#videoConfig = undefined;
    this.#audioConfig = undefined;
    this.declaredFps = undefined;
    return {
      onMedia: (type, timestampMs, body) => {
        if (this.#attachment === attachment) this.#receive(attachment, type, timestampMs, body);
      },
      onMetadata: (metadata) => {
        if (this.#attachment === attachment) this.#describe(attachment, metadata);
      },
      onEnd: (reason) => {
        if (this.#attachment === attachment) this.#detach(attachment, reason);
      },
    };
  }

  /** Resolves with true as soon as the present publisher sends anything, with false when it goes or stays silent for so long. */
  isHeardWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (heard: boolean) => {
        clearTimeout(timer);
        this.#listening.delete(settle);
        resolve(heard);
      };
      const timer = setTimeout(() => settle(false), ms);
      this.#listening.add(settle);
    });
  }

  /** Ends the publisher's session. */
  drop(reason: string): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    this.#detach(attachment, reason);
    attachment.publisher.close(reason);
  }

  health(): SourceHealth {
    const { sourceId } = this;
    const attachment = this.#attachment;
    if (attachment === undefined) {
      const nothing = { sourceId, driftMs: 0, dropped: 0, jumps: 0 };
      const last = this.#lastHealth ?? { ...nothing, advice: [] };
      // Why an encoder was of no use is worth knowing also when it has gone.
      const advice = last.advice.filter(({ code }) => code === 'codec_unsupported');
      return { ...last, connected: false, advice };
    }
    const { meter, timeline, publisher, connectedUs } = attachment;
    return meter.read(this.#clock.monotonicMs(), {
      sourceId,
      connected: true,
      remoteAddress: publisher.remoteAddress,
      connectedAt: Math.round(connectedUs / 1000),
      driftMs: Math.round(timeline.driftUs / 1000),
      jumps: timeline.jumps,
    });
  }

  #detach(attachment: Attachment, reason: string): void {
    this.#lastHealth = this.health();
    if (attachment.settling !== undefined) this.#settle(attachment);
    this.#attachment = undefined;
    for (const settle of this.#listening) settle(false);
    this.emit('detached', reason);
  }

  #count({ track, payload }: MediaUnit): void {
    const counters = this.#counters;
    if (counters === undefined) return;
    counters.units[track]++;
    counters.bytes += payload.length;
  }

  #describe(attachment: Attachment, metadata: { [key: string]: Amf0Value }): void {
    const { encoder, framerate } = metadata;
    if (typeof encoder === 'string') attachment.meter.encoder = encoder.slice(0, 100);
    if (typeof framerate === 'number' && framerate >= LEAST_FPS && framerate <= MOST_FPS) {
      this.declaredFps = framerate;
    }
  }

  #receive(
    attachment: Attachment,
    type: RawTag['type'],
    timestampMs: number,
    body: Uint8Array,
  ): void {
    const arrivedUs = this.#clock.nowUs();
    attachment.heardMs = this.#clock.monotonicMs();
    if (this.#listening.size > 0) for (const settle of this.#listening) settle(true);
    const { settling } = attachment;
    if (settling === undefined) {
      this.#pass(attachment, type, timestampMs, body, arrivedUs);
      return;
    }
    settling.tags.push({ type, timestampMs, body: copyBytes(body), arrivedUs });
    settling.bytes += body.length;
    const sinceUs = arrivedUs - (settling.tags[0]?.arrivedUs ?? arrivedUs);
    if (
      sinceUs >= SETTLE_US ||
      settling.bytes > MAX_SETTLING_BYTES ||
      settling.tags.length > MAX_SETTLING_TAGS
    ) {
      this.#settle(attachment);
    }
  }

  #settle(attachment: Attachment): void {
    const tags = attachment.settling?.tags ?? [];
    attachment.settling = undefined;
    let leastUs = Number.POSITIVE_INFINITY;
    for (const { timestampMs, arrivedUs } of tags) {
      leastUs = Math.min(leastUs, arrivedUs - timestampMs * 1000);
    }
    if (tags.length > 0) attachment.timeline.anchor(leastUs);
    for (const { type, timestampMs, body, arrivedUs } of tags) {
      this.#pass(attachment, type, timestampMs, body, arrivedUs);
    }
  }

  #pass(
    attachment: Attachment,
    type: RawTag['type'],
    timestampMs: number,
    body: Uint8Array,
    arrivedUs: Micros,
  ): void {
    const { demuxer, meter } = attachment;
    const result = demuxer.demux(type, timestampMs, body, arrivedUs);
    switch (result.kind) {
      case 'unit':
        meter.onUnit(result.unit, attachment.heardMs);
        this.#count(result.unit);
        this.emit('unit', result.unit);
        break;
      case 'config':
        meter.onConfig(result.config);
        if (result.config.track === 'video') this.#videoConfig = result.config;
        else this.#audioConfig = result.config;
        this.emit('config', result.config);
        break;
      case 'dropped':
        meter.dropped++;
        if (this.#counters !== undefined) this.#counters.dropped++;
        break;
      case 'unsupported':
        meter.onUnsupported(result.codec);
        break;
      case 'nothing':
        break;
    }
  }
}
