import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AmphiError, type Clock, Emitter, type Logger, messageOf } from '#base';
import { type LiveState, type Rendition, type RenditionView, renditionIdSchema } from '#contracts';
import type { RenditionReport } from '#protocol';
import { CatchUp } from './catch-up.ts';
import { Discontinuities } from './discontinuities.ts';
import { EventStatus } from './event-status.ts';
import { type MasterForm, masterPlaylist, renditionView } from './master.ts';
import { PlaylistWriter, type UriStyle } from './playlists.ts';
import { RenditionStore } from './rendition-store.ts';
import { replaceFile } from './spool/files.ts';
import { type Restored, restoreRendition } from './spool/restore.ts';
import { Spool, type SpoolEvents } from './spool/spool.ts';
import { ThumbnailStore } from './thumbnails.ts';

export interface HeldRendition {
  store: RenditionStore;
  spool: Spool;
  playlists: PlaylistWriter;
  /** Holds answers back for a moment after a restart. */
  catchUp: CatchUp;
  /** Fencing number of the newest writer. */
  fence: number;
}

type EventStoreEvents = {
  /** A rendition has come, a part has come, or the run has changed. */
  changed: [];
};

export interface EventStoreOptions {
  eventId: string;
  folder: string;
  dvrSeconds: number;
  clock: Clock;
  log: Logger;
  spoolEvents: SpoolEvents;
}

/** What a playlist no longer lists can be fetched for so long: somebody has just read of it (6.2.2). */
const GRACE_US = 20_000_000;
/** A run that nobody writes to any more is over after its DVR time and this. */
const EXPIRY_MARGIN_US = 60_000_000;

const THUMBNAILS = 'thumbnails';
const RUN = 'run.json';
const runRecordSchema = z.object({ discontinuities: z.array(z.int()) });

/** What the origin holds of one event: the newest run's renditions, and what it knows of the event. */
export class EventStore extends Emitter<EventStoreEvents> {
  readonly eventId: string;
  readonly status: EventStatus;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #spoolEvents: SpoolEvents;
  readonly #renditions = new Map<string, HeldRendition>();
  #runId: string | undefined;
  #fence = 0;
  #discontinuities = new Discontinuities();
  /** Changes to the folder, one after the other. */
  #chain: Promise<void> = Promise.resolve();
  thumbnails = new ThumbnailStore();
  /** Renditions of this run that nobody makes any more. */
  readonly withdrawn = new Set<string>();

  constructor(options: EventStoreOptions) {
    super();
    this.eventId = options.eventId;
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#log = options.log.child({ eventId: options.eventId });
    this.#spoolEvents = options.spoolEvents;
    this.status = new EventStatus(options.eventId, options.dvrSeconds);
    this.status.on('recorded', (text) => this.#write('event.json', text));
  }

  get runId(): string | undefined {
    return this.#runId;
  }

  /** Best first. */
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

  setLive(live: LiveState): void {
    this.status.setLive(live);
  }

  rendition(renditionId: string): HeldRendition | undefined {
    return this.#renditions.get(renditionId);
  }

  /** True once every rendition of the run's ladder has something to play. */
  get ladderComplete(): boolean {
    const held = this.renditions;
    // The smallest: a ladder only ever loses rungs.
    const wanted = Math.min(...held.map(({ store }) => store.rendition.ladderSize));
    return held.filter(({ store }) => store.segments.length > 0).length >= wanted;
  }

  /** Which writer's word counts: throws `stale_fence` for one that has been overtaken. */
  checkFence(runId: string, renditionId: string, fence: number): void {
    const current =
      runId === this.#runId ? (this.#renditions.get(renditionId)?.fence ?? 0) : this.#fence + 1;
    if (fence < current) throw new AmphiError('stale_fence', `fence ${fence} is below ${current}`);
  }

  /** The rendition to write to, for the writer with this fence. A new run replaces the one before. */
  open(rendition: Rendition, fence: number): HeldRendition {
    this.checkFence(rendition.runId, rendition.renditionId, fence);
    if (rendition.runId !== this.#runId) this.#replaceRun(rendition.runId);
    this.#fence = Math.max(this.#fence, fence);
    const held =
      this.#renditions.get(rendition.renditionId) ??
      this.#hold(new RenditionStore(rendition, this.#clock, this.#discontinuities), fence);
    held.fence = fence;
    this.withdrawn.delete(rendition.renditionId);
    held.store.redescribe(rendition);
    const { store, spool } = held;
    spool.describe({ rendition: store.rendition, fence, ended: store.ended });
    return held;
  }

  /** The rendition is over. */
  end(renditionId: string): void {
    const held = this.#renditions.get(renditionId);
    if (held === undefined) return;
    held.store.end();
    const { store, fence } = held;
    held.spool.describe({ rendition: store.rendition, fence, ended: true });
  }

  /** The rendition is given up for the rest of the run: nobody makes it any more. */
  withdraw(renditionId: string): void {
    const held = this.#renditions.get(renditionId);
    if (held === undefined) return;
    this.#renditions.delete(renditionId);
    this.withdrawn.add(renditionId);
    const { catchUp, store, spool } = held;
    catchUp.close();
    store.removeAll();
    const folder = join(this.#folder, store.rendition.runId, renditionId);
    this.#enqueue(async () => {
      await spool.flush();
      await rm(folder, { recursive: true, force: true });
    });
    this.emit('changed');
  }

  /** Takes in an initialization segment; a changed one is a discontinuity in all renditions. */
  addInit(held: HeldRendition, init: Uint8Array): number {
    const { number, changed } = held.store.addInit(init);
    if (!changed) return number;
    const newest = Math.max(
      ...this.renditions.map(({ store }) => store.segments.at(-1)?.number ?? 0),
    );
    // In front of the first segment nothing changes.
    if (newest === 0) return number;
    this.#discontinuities.add(newest + 1);
    const record = { discontinuities: [...this.#discontinuities.numbers] };
    this.#write(join(this.#runId ?? '', RUN), JSON.stringify(record));
    return number;
  }

  /** Reads the folder after a restart: what was known of the event, and its newest run. */
  async restore(): Promise<boolean> {
    const text = await readFile(join(this.#folder, 'event.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) this.status.restore(text);
    const sinceUs = this.#clock.nowUs() - this.#dvrUs - GRACE_US;
    const names = await readdir(this.#folder, { withFileTypes: true });
    const runs: { runId: string; renditions: Restored[]; endUs: number }[] = [];
    for (const entry of names) {
      if (!entry.isDirectory()) continue;
      const renditions = await this.#readRun(entry.name, sinceUs);
      const ends = renditions.map(({ segments, tail }) =>
        Math.max(tail.at(-1)?.endUs ?? 0, segments.at(-1)?.startUs ?? 0),
      );
      runs.push({ runId: entry.name, renditions, endUs: Math.max(0, ...ends) });
    }
    runs.sort((a, b) => b.endUs - a.endUs);
    const [newest, ...older] = runs;
    if (newest !== undefined && newest.renditions.length > 0) await this.#takeUp(newest);
    else if (newest !== undefined) older.push(newest);
    for (const { runId } of older) await rm(join(this.#folder, runId), { recursive: true });
    return this.#renditions.size > 0;
  }

  /** Lets go of what has left the DVR window. */
  trim(): void {
    let fromUs = Number.POSITIVE_INFINITY;
    for (const { store } of this.#renditions.values()) {
      const endUs = store.endUs;
      if (endUs === undefined) continue;
      const listFromUs = endUs - this.#dvrUs;
      store.trim(listFromUs, listFromUs - GRACE_US);
      fromUs = Math.min(fromUs, store.segments[0]?.startUs ?? fromUs);
    }
    if (Number.isFinite(fromUs)) this.thumbnails.trim(fromUs / 1000, this.thumbnailFolder());
  }

  /** True when the run's DVR time has passed since its end. */
  get isExpired(): boolean {
    const endUs = Math.max(0, ...this.renditions.map(({ store }) => store.endUs ?? 0));
    return (
      this.#runId !== undefined && endUs + this.#dvrUs + EXPIRY_MARGIN_US < this.#clock.nowUs()
    );
  }

  /** Lets go of the run. */
  clear(): void {
    this.#replaceRun(undefined);
  }

  master(form: MasterForm, style: UriStyle): string | undefined {
    return masterPlaylist(
      this.renditions.map(({ store }) => store),
      form,
      style,
    );
  }

  /** The renditions as the API shows them. */
  views(): RenditionView[] {
    const stores = this.renditions.map(({ store }) => store);
    return stores
      .filter((store) => store.segments.length > 0)
      .map((store) => ({
        ...renditionView(store),
        ...(store.ended ? {} : { behindMs: this.#behindMs(store) }),
      }));
  }

  /** How long ago the newest part was recorded. */
  #behindMs(store: RenditionStore): number {
    const newest = store.segments.at(-1);
    if (newest === undefined) return 0;
    const endUs = newest.startUs + newest.durationUs;
    return Math.max(0, Math.round((this.#clock.nowUs() - endUs) / 1000));
  }

  thumbnailFolder(): string {
    return join(this.#folder, this.#runId ?? 'none', THUMBNAILS);
  }

  /** Writes out what is still under way. */
  async close(): Promise<void> {
    for (const { catchUp } of this.#renditions.values()) catchUp.close();
    await Promise.all([...this.#renditions.values()].map(({ spool }) => spool.flush()));
    await this.#chain;
    this.removeAll();
  }

  get #dvrUs(): number {
    return this.status.value.dvrSeconds * 1e6;
  }

  async #readRun(runId: string, sinceUs: number): Promise<Restored[]> {
    const found: Restored[] = [];
    for (const renditionId of await readdir(join(this.#folder, runId))) {
      if (!renditionIdSchema.safeParse(renditionId).success || renditionId === THUMBNAILS) continue;
      try {
        const restored = await restoreRendition(join(this.#folder, runId, renditionId), sinceUs);
        if (restored !== undefined) found.push(restored);
      } catch (error) {
        this.#log.warn({ runId, renditionId, reason: messageOf(error) }, 'DVR is not readable');
      }
    }
    return found;
  }

  async #takeUp(run: { runId: string; renditions: Restored[] }): Promise<void> {
    const folder = join(this.#folder, run.runId);
    const text = await readFile(join(folder, RUN), 'utf8').catch(() => '{"discontinuities":[]}');
    this.#runId = run.runId;
    this.#discontinuities = new Discontinuities(
      runRecordSchema.parse(JSON.parse(text)).discontinuities,
    );
    for (const restored of run.renditions) {
      const { rendition, fence } = restored.record;
      const store = new RenditionStore(rendition, this.#clock, this.#discontinuities);
      store.restore(restored);
      this.#fence = Math.max(this.#fence, fence);
      this.#hold(store, fence);
    }
    this.thumbnails = await ThumbnailStore.restore(join(folder, THUMBNAILS));
  }

  #hold(store: RenditionStore, fence: number): HeldRendition {
    const { rendition } = store;
    const folder = join(this.#folder, rendition.runId, rendition.renditionId);
    const log = this.#log.child({ renditionId: rendition.renditionId });
    const held: HeldRendition = {
      store,
      spool: new Spool({ folder, store, log, events: this.#spoolEvents }),
      playlists: new PlaylistWriter(store, () => this.#reportsFor(rendition.renditionId)),
      catchUp: new CatchUp(store),
      fence,
    };
    // A rendition that has just come has nothing to catch up with.
    if (store.segments.length === 0) held.catchUp.close();
    this.#renditions.set(rendition.renditionId, held);
    store.on('advanced', () => this.emit('changed'));
    this.emit('changed');
    return held;
  }

  #replaceRun(runId: string | undefined): void {
    const before = this.#runId;
    if (before !== undefined) {
      this.#log.info({ runId, before }, runId === undefined ? 'a run is let go' : 'a new run');
      const spools = [...this.#renditions.values()].map(({ spool }) => spool);
      this.#enqueue(async () => {
        await Promise.all(spools.map((spool) => spool.flush()));
        await rm(join(this.#folder, before), { recursive: true, force: true });
      });
    }
    for (const { store, catchUp } of this.#renditions.values()) {
      catchUp.close();
      store.removeAll();
    }
    this.#renditions.clear();
    this.withdrawn.clear();
    this.#discontinuities = new Discontinuities();
    this.thumbnails = new ThumbnailStore();
    this.#runId = runId;
    this.emit('changed');
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    this.#enqueue(async () => {
      await mkdir(join(path, '..'), { recursive: true });
      await replaceFile(path, text);
    });
  }

  #enqueue(work: () => Promise<void>): void {
    this.#chain = this.#chain
      .then(work)
      .catch((error) => this.#spoolEvents.onTrouble(messageOf(error), false));
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
