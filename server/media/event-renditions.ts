import { AmphiError, type Closable, Emitter, type Logger, messageOf } from '#base';
import type { WorkerClient } from '#callserver';
import type { RenditionFeedOpening, RenditionUnit } from '#contracts';
import { type FedUnit, MAX_VIDEO_STREAMS, RenditionRouter } from './rendition-router.ts';
import type { Watchable } from './watchable.ts';

/** Without anybody who writes for so long there is nothing to watch. */
const ABANDONED_MS = 5_000;
/** What a newcomer begins with is kept up to this; a GOP of an `ultra` rung is a tenth of it. */
const MAX_GOP_BYTES = 8 * 1024 * 1024;

/** One job's way in. */
export interface RenditionWriter {
  /** Takes a unit; its payload is copied as far as it is kept. Throws `RangeError` for a track that was not opened. */
  unit(unit: RenditionUnit): void;
  close(): void;
}

/** One rung, or the sound. */
interface Track {
  kind: 'video' | 'audio';
  name: string;
  /** Of the video producer. */
  stream: number;
  fence: number;
  writer: Writing | undefined;
  /** From the newest key frame on. */
  gop: FedUnit[];
  gopBytes: number;
}

interface Writing {
  tracks: readonly Track[];
  onOvertaken: () => void;
}

type Events = {
  /** Nobody writes any more; nobody can watch it. */
  abandoned: readonly [];
};

/**
 * What the bank makes of one event, as it comes in from its jobs and goes out
 * through the workers that have viewers of it. Writers are fenced track by
 * track: whoever has the highest fence is heard.
 */
export class EventRenditions extends Emitter<Events> implements Closable {
  readonly eventId: string;
  readonly #log: Logger;
  readonly #routers = new Map<WorkerClient, Promise<RenditionRouter>>();
  /** Those of `#routers` that are there. */
  readonly #open = new Set<RenditionRouter>();
  #runId: string | undefined;
  #tracks: Track[] = [];
  #abandoned: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(eventId: string, log: Logger) {
    super();
    this.eventId = eventId;
    this.#log = log;
  }

  /** Somebody writes pictures. */
  get live(): boolean {
    return this.#tracks.some(({ writer, kind }) => writer !== undefined && kind === 'video');
  }

  /**
   * A job begins to write; `onOvertaken` says that others write all its tracks
   * now. Throws `stale_fence` when they do so already, `limit_exceeded` for more
   * pictures than a producer has streams.
   */
  write(opening: RenditionFeedOpening, fence: number, onOvertaken: () => void): RenditionWriter {
    if (opening.runId !== this.#runId) this.#beginRun(opening.runId);
    const tracks = this.#tracksOf(opening);
    const writing: Writing = { tracks, onOvertaken };
    const mine = tracks.filter((track) => track.fence <= fence);
    if (mine.length === 0) throw new AmphiError('stale_fence');
    const before = new Set(mine.flatMap(({ writer }) => writer ?? []));
    for (const track of mine) {
      track.fence = fence;
      track.writer = writing;
    }
    for (const other of before) {
      if (!other.tracks.some(({ writer }) => writer === other)) other.onOvertaken();
    }
    clearTimeout(this.#abandoned);
    return {
      unit: (unit) => {
        const track = tracks[unit.track];
        if (track === undefined) throw new RangeError(`no track ${unit.track}`);
        if (track.writer === writing) this.#take(track, unit);
      },
      close: () => {
        for (const track of tracks) if (track.writer === writing) track.writer = undefined;
        this.#expire();
      },
    };
  }

  /** Workers that have them already. */
  get workers(): { has(worker: WorkerClient): boolean } {
    return this.#routers;
  }

  /** For somebody who watches in this worker. Throws `not_live`, `closed`. */
  async in(worker: WorkerClient): Promise<Watchable> {
    if (!this.live) throw new AmphiError('not_live');
    const renditions = await this.#router(worker);
    return {
      sourceId: undefined,
      router: renditions.router,
      stats: () => renditions.stats(),
      nameOf: (stream) => this.#nameOf(stream),
      release: renditions.enter(),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#abandoned);
    for (const { writer } of this.#tracks) writer?.onOvertaken();
    const routers = await Promise.allSettled(this.#routers.values());
    this.#routers.clear();
    this.#open.clear();
    for (const one of routers) if (one.status === 'fulfilled') await one.value.close();
  }

  #nameOf(stream: number): string | undefined {
    return this.#tracks.find((track) => track.kind === 'video' && track.stream === stream)?.name;
  }

  #beginRun(runId: string): void {
    const writers = new Set(this.#tracks.flatMap(({ writer }) => writer ?? []));
    this.#runId = runId;
    this.#tracks = [];
    for (const writer of writers) writer.onOvertaken();
  }

  /** The lowest rung first: until its pictures tell their size, a stream's place says its rank. */
  #tracksOf({ tracks }: RenditionFeedOpening): Track[] {
    try {
      return tracks
        .toReversed()
        .map(({ kind, name }) => this.#track(kind, name))
        .toReversed();
    } catch (error) {
      this.#expire();
      throw error;
    }
  }

  #track(kind: 'video' | 'audio', name: string): Track {
    const known = this.#tracks.find((track) => track.kind === kind && track.name === name);
    if (known !== undefined) return known;
    const streams = this.#tracks.filter((track) => track.kind === kind).length;
    if (streams >= (kind === 'video' ? MAX_VIDEO_STREAMS : 1)) {
      throw new AmphiError('limit_exceeded', `no room for ${kind} "${name}"`);
    }
    const track: Track = {
      kind,
      name,
      stream: streams,
      fence: 0,
      writer: undefined,
      gop: [],
      gopBytes: 0,
    };
    this.#tracks.push(track);
    return track;
  }

  #take(track: Track, { key, capturedUs, payload }: RenditionUnit): void {
    const unit: FedUnit = { key, capturedUs, payload };
    for (const router of this.#open) feed(router, track, unit);
    if (key) {
      track.gop = [];
      track.gopBytes = 0;
    }
    track.gopBytes += payload.length;
    if (track.gopBytes > MAX_GOP_BYTES || (!key && track.gop.length === 0)) track.gop = [];
    else track.gop.push({ ...unit, payload: Buffer.from(payload) });
  }

  #router(worker: WorkerClient): Promise<RenditionRouter> {
    const known = this.#routers.get(worker);
    if (known !== undefined) return known;
    const opening = RenditionRouter.open(worker, () => this.#drop(worker)).then((router) => {
      if (this.#closed) {
        router.close();
        throw new AmphiError('closed');
      }
      // It begins where the present pictures began, so that nobody waits for the next key frames.
      for (const track of this.#tracks) for (const unit of track.gop) feed(router, track, unit);
      this.#open.add(router);
      return router;
    });
    this.#routers.set(worker, opening);
    opening.catch(() => this.#routers.delete(worker));
    return opening;
  }

  #drop(worker: WorkerClient): void {
    const router = this.#routers.get(worker);
    this.#routers.delete(worker);
    router?.then(
      async (open) => {
        this.#open.delete(open);
        await open.close();
      },
      (error) => this.#log.debug({ reason: messageOf(error) }, 'renditions not let go'),
    );
  }

  #expire(): void {
    if (this.live || this.#closed) return;
    clearTimeout(this.#abandoned);
    this.#abandoned = setTimeout(() => this.emit('abandoned'), ABANDONED_MS);
  }
}

function feed(router: RenditionRouter, { kind, stream }: Track, unit: FedUnit): void {
  if (kind === 'video') router.video(stream, unit);
  else router.audio(unit);
}
