import { type Clock, copyBytes, Emitter, type Micros } from '#base';
import type { MediaConfig, MediaUnit, SourceHealth } from '#contracts';
import type { Amf0Value } from '#protocol';
import type { PublisherSink } from '../rtmp/session.ts';
import { Demuxer } from './demux.ts';
import { HealthMeter } from './health.ts';
import { Timeline } from './timeline.ts';

type SourceEvents = {
  unit: [unit: MediaUnit];
  config: [config: MediaConfig];
  /** The publisher is gone; nothing follows until another one attaches. */
  detached: [reason: string];
};

interface RawTag {
  type: Parameters<PublisherSink['onMedia']>[0];
  timestampMs: number;
  body: Uint8Array;
  arrivedUs: Micros;
}

/** One publisher's session as a source sees it. */
interface Attachment {
  close(reason: string): void;
  remoteAddress: string;
  connectedAtMs: number;
  timeline: Timeline;
  demuxer: Demuxer;
  meter: HealthMeter;
  /** First samples, held until the least delay among them is known. */
  settling: { tags: RawTag[]; bytes: number } | undefined;
}

/** The first sample is often late (connection set-up, encoder warm-up): anchor on the best of this long. */
const SETTLE_US = 400_000;
const MAX_SETTLING_BYTES = 16 * 1024 * 1024;

/**
 * A camera of an event. It outlives its publishers: one attaches, is lost,
 * another attaches. Its units are on the epoch timeline.
 */
export class Source extends Emitter<SourceEvents> {
  readonly sourceId: string;
  readonly #clock: Clock;
  #attachment: Attachment | undefined;
  #lastHealth: SourceHealth | undefined;
  #videoConfig: MediaConfig | undefined;
  #audioConfig: MediaConfig | undefined;
  /** Frames a second as the encoder says, if it does. */
  declaredFps: number | undefined;

  constructor(sourceId: string, clock: Clock) {
    super();
    this.sourceId = sourceId;
    this.#clock = clock;
  }

  get connected(): boolean {
    return this.#attachment !== undefined;
  }

  get videoConfig(): MediaConfig | undefined {
    return this.#videoConfig;
  }

  get audioConfig(): MediaConfig | undefined {
    return this.#audioConfig;
  }

  /** Takes a publisher; the one before it, if any, is closed. */
  attach(publisher: { remoteAddress: string; close(reason: string): void }): PublisherSink {
    this.drop('another publisher took over');
    const timeline = new Timeline();
    const attachment: Attachment = {
      close: (reason) => publisher.close(reason),
      remoteAddress: publisher.remoteAddress,
      connectedAtMs: Date.now(),
      timeline,
      demuxer: new Demuxer(timeline),
      meter: new HealthMeter(),
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

  /** Ends the publisher's session. */
  drop(reason: string): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    this.#detach(attachment, reason);
    attachment.close(reason);
  }

  health(): SourceHealth {
    const attachment = this.#attachment;
    if (attachment === undefined) {
      const { sourceId } = this;
      const nothing = { sourceId, driftMs: 0, dropped: 0, jumps: 0, advice: [] };
      return { ...(this.#lastHealth ?? nothing), connected: false };
    }
    return attachment.meter.read(this.#clock.monotonicMs(), {
      sourceId: this.sourceId,
      connected: true,
      remoteAddress: attachment.remoteAddress,
      connectedAt: attachment.connectedAtMs,
      driftMs: Math.round(attachment.timeline.driftUs / 1000),
      jumps: attachment.timeline.jumps,
    });
  }

  #detach(attachment: Attachment, reason: string): void {
    this.#lastHealth = this.health();
    if (attachment.settling !== undefined) this.#settle(attachment);
    this.#attachment = undefined;
    this.emit('detached', reason);
  }

  #describe(attachment: Attachment, metadata: { [key: string]: Amf0Value }): void {
    const { encoder, framerate } = metadata;
    if (typeof encoder === 'string') attachment.meter.encoder = encoder.slice(0, 100);
    if (typeof framerate === 'number' && framerate >= 5 && framerate <= 240) {
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
    const { settling } = attachment;
    if (settling === undefined) {
      this.#pass(attachment, { type, timestampMs, body, arrivedUs });
      return;
    }
    settling.tags.push({ type, timestampMs, body: copyBytes(body), arrivedUs });
    settling.bytes += body.length;
    const first = settling.tags[0];
    if (first === undefined) return;
    if (arrivedUs - first.arrivedUs >= SETTLE_US || settling.bytes > MAX_SETTLING_BYTES) {
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
    for (const tag of tags) this.#pass(attachment, tag);
  }

  #pass(attachment: Attachment, tag: RawTag): void {
    const { demuxer, meter } = attachment;
    const result = demuxer.demux(tag.type, tag.timestampMs, tag.body, tag.arrivedUs);
    switch (result.kind) {
      case 'unit':
        meter.onUnit(result.unit, this.#clock.monotonicMs());
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
        break;
      case 'unsupported':
        meter.onUnsupported(result.codec);
        break;
      case 'nothing':
        break;
    }
  }
}
