import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AmphiError, type Clock, Emitter, type Logger } from '#base';
import type { LiveState, Rendition, RenditionView, ViewerStatus } from '#contracts';
import { multivariantPlaylist, type RenditionReport } from '#protocol';
import { PlaylistWriter, TOKEN_DEFINE } from './playlists.ts';
import { RenditionStore } from './rendition-store.ts';
import { restoreRendition, Spool, type SpoolEvents } from './spool.ts';
import { ThumbnailStore } from './thumbnails.ts';

export interface HeldRendition {
  store: RenditionStore;
  spool: Spool;
  playlists: PlaylistWriter;
  /** Fencing number of the newest writer. */
  fence: number;
}

type EventStoreEvents = {
  /** A rendition has come, or the run has changed. */
  changed: [];
};

/** Bit rates are taken from this many newest segments. */
const RATE_SEGMENTS = 30;

/** What the origin holds of one event: the newest run's renditions. */
export class EventStore extends Emitter<EventStoreEvents> {
  readonly eventId: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #spoolEvents: SpoolEvents;
  readonly #renditions = new Map<string, HeldRendition>();
  #runId: string | undefined;
  #fence = 0;
  #live: LiveState | undefined;
  #viewers = 0;
  #status: ViewerStatus;
  thumbnails = new ThumbnailStore();
  /** How far back viewers can go, in microseconds. */
  dvrUs: number;

  constructor(options: {
    eventId: string;
    folder: string;
    dvrSeconds: number;
    clock: Clock;
    log: Logger;
    spoolEvents: SpoolEvents;
  }) {
    super();
    this.eventId = options.eventId;
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#log = options.log.child({ eventId: options.eventId });
    this.#spoolEvents = options.spoolEvents;
    this.dvrUs = options.dvrSeconds * 1e6;
    this.#status = {
      eventId: options.eventId,
      version: 0,
      status: 'idle',
      title: '',
      viewers: 0,
      dvrSeconds: options.dvrSeconds,
    };
  }

  get runId(): string | undefined {
    return this.#runId;
  }

  get live(): LiveState | undefined {
    return this.#live;
  }

  get renditions(): HeldRendition[] {
    return [...this.#renditions.values()].sort(
      (a, b) => a.store.rendition.order - b.store.rendition.order,
    );
  }

  get bytesOnDisk(): number {
    let bytes = 0;
    for (const { spool } of this.#renditions.values()) bytes += spool.bytes;
    return bytes;
  }

  get private(): boolean {
    return this.#live?.visibility === 'private';
  }

  setLive(live: LiveState): void {
    if (this.#live !== undefined && live.version < this.#live.version) return;
    this.#live = live;
    this.dvrUs = live.dvrSeconds * 1e6;
    this.#updateStatus();
  }

  get status(): ViewerStatus {
    return this.#status;
  }

  setViewers(viewers: number): void {
    this.#viewers = viewers;
    this.#updateStatus();
  }

  #updateStatus(): void {
    const live = this.#live;
    const next = {
      ...this.#status,
      viewers: this.#viewers,
      ...(live === undefined
        ? {}
        : {
            status: live.status,
            title: live.title,
            dvrSeconds: live.dvrSeconds,
            runId: live.runId,
            startedAt: live.startedAt,
          }),
    };
    if (JSON.stringify(next) === JSON.stringify(this.#status)) return;
    this.#status = { ...next, version: Math.max(this.#status.version + 1, Date.now()) };
    this.emit('changed');
  }

  rendition(renditionId: string): HeldRendition | undefined {
    return this.#renditions.get(renditionId);
  }

  /** True once every rendition of the run's ladder has something to play. */
  get ladderComplete(): boolean {
    const held = this.renditions;
    const wanted = held[0]?.store.rendition.ladderSize ?? Number.POSITIVE_INFINITY;
    return held.filter(({ store }) => store.segments.length > 0).length >= wanted;
  }

  /** Which writer's word counts: throws `stale_fence` for one that has been overtaken. */
  checkFence(runId: string, renditionId: string, fence: number): void {
    const current =
      runId === this.#runId ? (this.#renditions.get(renditionId)?.fence ?? 0) : this.#fence + 1;
    if (fence < current) throw new AmphiError('stale_fence', `fence ${fence} is below ${current}`);
  }

  /** The rendition to write to, for the writer with this fence. A new run replaces the one before. */
  async open(rendition: Rendition, fence: number): Promise<HeldRendition> {
    this.checkFence(rendition.runId, rendition.renditionId, fence);
    if (rendition.runId !== this.#runId) this.#replaceRun(rendition.runId);
    this.#fence = Math.max(this.#fence, fence);
    const known = this.#renditions.get(rendition.renditionId);
    if (known !== undefined) {
      known.fence = fence;
      return known;
    }
    const held = this.#hold(new RenditionStore(rendition, this.#clock));
    held.fence = fence;
    return held;
  }

  /** Reads a run's folder after a restart. */
  async restore(runId: string, renditionIds: readonly string[]): Promise<boolean> {
    const sinceUs = this.#clock.nowUs() - this.dvrUs;
    for (const renditionId of renditionIds) {
      const folder = join(this.#folder, runId, renditionId);
      const restored = await restoreRendition(folder, sinceUs);
      if (restored === undefined || restored.segments.length === 0) continue;
      this.#runId = runId;
      const store = new RenditionStore(restored.rendition, this.#clock);
      store.restore(restored.segments, restored.inits, restored.audioEndUs);
      this.#hold(store);
    }
    if (this.#renditions.size > 0) {
      this.thumbnails = await ThumbnailStore.restore(join(this.#folder, runId, 'thumbnails'));
    }
    return this.#renditions.size > 0;
  }

  /** Forgets what has left the DVR window. */
  trim(): void {
    for (const { store } of this.#renditions.values()) {
      const newest = store.segments.at(-1);
      if (newest === undefined) continue;
      const endUs = newest.startUs + newest.durationUs;
      store.trim(endUs - this.dvrUs);
      this.thumbnails.trim((endUs - this.dvrUs) / 1000, this.thumbnailFolder());
    }
  }

  master(form: 'low-latency' | 'plain'): string {
    const suffix = this.private ? '?token={$token}' : '';
    const playlist = form === 'plain' ? 'plain.m3u8' : 'media.m3u8';
    const held = this.renditions.filter(({ store }) => store.segments.length > 0);
    return multivariantPlaylist({
      ...(this.private ? { define: TOKEN_DEFINE } : {}),
      variants: held.map(({ store }) => {
        const { renditionId, codecs, kind, width, height, frameRate } = store.rendition;
        return {
          uri: `${renditionId}/${playlist}${suffix}`,
          name: renditionId,
          codecs,
          ...measuredRate(store),
          ...(kind === 'video' ? { video: { width, height, frameRate } } : {}),
        };
      }),
      iframes: held
        .filter(({ store }) => store.rendition.kind === 'video')
        .slice(-1)
        .map(({ store }) => {
          const { renditionId, codecs, width, height } = store.rendition;
          return {
            uri: `${renditionId}/iframes.m3u8${suffix}`,
            bandwidth: keyFrameRate(store),
            codecs: codecs.split(',')[0] ?? codecs,
            width,
            height,
          };
        }),
    });
  }

  /** The renditions as the API shows them. */
  views(): RenditionView[] {
    return this.renditions
      .filter(({ store }) => store.segments.length > 0)
      .map(({ store }) => {
        const { renditionId, kind, width, height, frameRate, codecs } = store.rendition;
        return {
          name: renditionId,
          codecs,
          bandwidth: Math.round(measuredRate(store).averageBandwidth),
          ...(kind === 'video' ? { width, height, frameRate } : {}),
        };
      });
  }

  thumbnailFolder(): string {
    return join(this.#folder, this.#runId ?? 'none', 'thumbnails');
  }

  /** Writes out what is still under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#renditions.values()].map(({ spool }) => spool.flush()));
    this.removeAll();
  }

  #hold(store: RenditionStore): HeldRendition {
    const { rendition } = store;
    const folder = join(this.#folder, rendition.runId, rendition.renditionId);
    const spool = new Spool(folder, rendition, this.#log, this.#spoolEvents);
    spool.attach(store);
    const context = {
      isPrivate: () => this.private,
      reports: () => this.#reportsFor(rendition.renditionId),
    };
    const held: HeldRendition = {
      store,
      spool,
      playlists: new PlaylistWriter(store, context),
      fence: 0,
    };
    this.#renditions.set(rendition.renditionId, held);
    store.on('advanced', () => this.emit('changed'));
    this.emit('changed');
    return held;
  }

  #replaceRun(runId: string): void {
    if (this.#runId !== undefined) {
      this.#log.info({ runId, before: this.#runId }, 'a new run begins');
      const old = join(this.#folder, this.#runId);
      const spools = [...this.#renditions.values()].map(({ spool }) => spool);
      Promise.all(spools.map((spool) => spool.flush()))
        .then(() => rm(old, { recursive: true, force: true }))
        .catch((error) => this.#log.warn({ reason: String(error) }, 'old run not removed'));
    }
    for (const { store } of this.#renditions.values()) store.removeAll();
    this.#renditions.clear();
    this.thumbnails = new ThumbnailStore();
    this.#runId = runId;
    this.emit('changed');
  }

  #reportsFor(renditionId: string): RenditionReport[] {
    const reports: RenditionReport[] = [];
    for (const { store } of this.renditions) {
      const { newest, rendition } = store;
      if (rendition.renditionId === renditionId || newest === undefined) continue;
      reports.push({
        uri: `../${rendition.renditionId}/media.m3u8`,
        lastMsn: newest.msn,
        lastPart: newest.part,
      });
    }
    return reports;
  }
}

function measuredRate(store: RenditionStore): { bandwidth: number; averageBandwidth: number } {
  const { bitsPerSecond } = store.rendition;
  let peak = 0;
  let bits = 0;
  let us = 0;
  for (const segment of store.segments.slice(-RATE_SEGMENTS)) {
    if (!segment.complete || segment.gap || segment.durationUs < 500_000) continue;
    peak = Math.max(peak, (segment.size * 8e6) / segment.durationUs);
    bits += segment.size * 8;
    us += segment.durationUs;
  }
  if (us < 4_000_000) return { bandwidth: bitsPerSecond * 1.1, averageBandwidth: bitsPerSecond };
  return { bandwidth: peak, averageBandwidth: (bits * 1e6) / us };
}

function keyFrameRate(store: RenditionStore): number {
  const frames = store.segments.filter((segment) => segment.keyBytes > 0).slice(-RATE_SEGMENTS);
  const peak = Math.max(0, ...frames.map((s) => (s.keyBytes * 8e6) / Math.max(s.durationUs, 1)));
  return peak || store.rendition.bitsPerSecond / 5;
}
