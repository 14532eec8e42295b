import { type Closable, Emitter, randomId } from '#base';
import { RtcpWriter } from '#protocol';
import type { CodecName } from '../codecs.ts';
import { MediaTime } from '../media/media-time.ts';
import { UnitSender } from '../media/unit-sender.ts';
import type { ProducerParameters } from '../parameters.ts';
import { DirectLeg } from './direct-leg.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;
/** The worker reads nothing into a longer pause, and receivers learn of drift. */
const REPORT_MS = 1_000;
/** A worker that does not take its media in time loses some, up to the next key frame. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
/** Between a worker and its owner numbers mean nothing to anybody else. */
const FIRST_PAYLOAD_TYPE = 96;

/** One producer to be made of access units. */
export interface FeedTrack {
  codec: CodecName;
  kind: 'audio' | 'video';
  /** Format parameters that viewers are told (SDP). */
  parameters: Readonly<Record<string, string>>;
  /** So many streams of the same picture at most, a viewer gets one of them. */
  streams: number;
}

interface Stream {
  sender: UnitSender;
  needsKey: boolean;
  /** When its newest unit went out, monotonic. */
  sentMs: number;
}

type Events = {
  /** The worker has gone, or this was closed. */
  closed: readonly [];
};

/** Media of this process as producers in a worker: access units in, packets out. */
export class MediaFeed extends Emitter<Events> implements Closable {
  readonly producers: readonly { producerId: string; parameters: ProducerParameters }[];
  readonly #worker: WorkerClient;
  readonly #leg: DirectLeg;
  readonly #tracks: Stream[][] = [];
  readonly #writer = new RtcpWriter();
  readonly #time = new MediaTime();
  #handle = -1;
  #reports: NodeJS.Timeout | undefined;
  /** Units that the worker did not take in time. */
  dropped = 0;

  private constructor(worker: WorkerClient, producers: MediaFeed['producers']) {
    super();
    this.#worker = worker;
    this.producers = producers;
    this.#leg = new DirectLeg({
      worker,
      onEnd: () => {
        clearInterval(this.#reports);
        this.emit('closed');
      },
    });
  }

  get transportId(): string {
    return this.#leg.transportId;
  }

  static async open(
    worker: WorkerClient,
    routerId: string,
    tracks: readonly FeedTrack[],
  ): Promise<MediaFeed> {
    const producers: { producerId: string; parameters: ProducerParameters }[] = [];
    const feed = new MediaFeed(worker, producers);
    let ssrc = 0;
    for (const [i, { codec, kind, parameters, streams }] of tracks.entries()) {
      const payloadType = FIRST_PAYLOAD_TYPE + i;
      const ssrcs = Array.from({ length: streams }, () => ++ssrc);
      const send = (packet: Uint8Array) => worker.sendPacket(feed.#handle, packet);
      feed.#tracks.push(
        ssrcs.map((one) => ({
          sender: new UnitSender({ codec, payloadType, ssrc: one, send }),
          needsKey: true,
          sentMs: 0,
        })),
      );
      producers.push({
        producerId: randomId(ID_CHARACTERS),
        parameters: {
          kind,
          mid: String(i),
          codec: { name: codec, parameters: { ...parameters } },
          payloadType,
          nack: false,
          keyFrameRequests: false,
          extensions: {},
          encodings: ssrcs.map((one) => ({ ssrc: one })),
        },
      });
    }
    await feed.#leg.open(routerId, async (transportId, handle) => {
      feed.#handle = handle;
      for (const { producerId, parameters } of producers) {
        await worker.request('produce', { transportId, producerId, parameters });
      }
    });
    feed.#reports = setInterval(() => feed.#report(), REPORT_MS);
    return feed;
  }

  /**
   * One unit of a track and stream by their places. Units of one stream come in
   * decoding order; what comes before its first key frame is of no use.
   */
  send(
    track: number,
    stream: number,
    unit: { key: boolean; capturedUs: number; payload: Uint8Array },
  ): void {
    const to = this.#tracks[track]?.[stream];
    if (to === undefined || this.#leg.closed) return;
    if (this.#worker.backlogBytes > MAX_BACKLOG_BYTES) to.needsKey = true;
    if (to.needsKey && (!unit.key || this.#worker.backlogBytes > MAX_BACKLOG_BYTES)) {
      this.dropped++;
      return;
    }
    to.needsKey = false;
    this.#place(to, unit.capturedUs);
    to.sender.send(unit.capturedUs, unit.payload);
  }

  /** Reports where a stream's timestamps stand when it begins, and when they are about to leave out a hole. */
  #place(to: Stream, capturedUs: number): void {
    const { sender, sentMs } = to;
    const nowMs = performance.now();
    const lastUs = sender.capturedUs;
    if (lastUs !== undefined) this.#time.advance(lastUs, capturedUs, (nowMs - sentMs) * 1_000);
    const leadUs = this.#time.leadUs(capturedUs);
    to.sentMs = nowMs;
    if (lastUs !== undefined && leadUs === sender.leadUs) return;
    sender.leadUs = leadUs;
    sender.report(this.#writer, capturedUs);
    this.#flush();
  }

  #report(): void {
    for (const streams of this.#tracks) {
      for (const { sender } of streams) sender.report(this.#writer);
    }
    this.#flush();
  }

  #flush(): void {
    if (this.#writer.size > 0) this.#worker.sendPacket(this.#handle, this.#writer.bytes());
    this.#writer.clear();
  }

  close(): Promise<void> {
    return this.#leg.close();
  }
}
