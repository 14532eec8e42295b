import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import type { LiveState } from '#contracts';
import {
  cmafInit,
  GRID,
  HlsChecker,
  PART_US,
  partAt,
  partIndexAt,
  rendition,
  SimClock,
} from '#support';
import { EventStore } from './event-store.ts';
import type { PlaylistForm } from './playlists.ts';

const RUN = 'run000001';
const live = (change: Partial<LiveState> = {}): LiveState => ({
  eventId: 'main',
  version: 1,
  status: 'live',
  title: 'A show',
  visibility: 'public',
  dvrSeconds: 60,
  sources: [],
  ...change,
});

let folder: string;
let clock: SimClock;
let event: EventStore;
const troubles: string[] = [];

function open(): EventStore {
  const store = new EventStore({
    eventId: 'main',
    folder,
    dvrSeconds: 60,
    clock,
    log: silentLogger,
    spoolEvents: { onTrouble: (reason) => void troubles.push(reason), onWritten: () => {} },
  });
  store.setLive(live());
  return store;
}

const folders: string[] = [];

async function fresh(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'amphi-edge-'));
  folders.push(folder);
  clock = new SimClock();
  event = open();
  troubles.length = 0;
}

beforeEach(fresh);

afterEach(async () => {
  await event.close();
  for (const old of folders.splice(0)) await rm(old, { recursive: true, force: true });
});

/** A transcoder of one rendition: it keeps what it sent, and sends again what the origin lacks. */
class Pusher {
  readonly renditionId: string;
  readonly #sent: { index: number; width: number }[] = [];
  #width = 640;
  #init = 0;

  constructor(renditionId: string) {
    this.renditionId = renditionId;
  }

  get held() {
    const order = Number(this.renditionId.slice(1));
    return event.open(rendition({ renditionId: this.renditionId, runId: RUN, order }), 1);
  }

  begin(): void {
    const { held } = this;
    const end = this.#sent.at(-1);
    held.catchUp.pusherStands(end && (end.index + 1) * PART_US);
    this.#init = event.addInit(held, cmafInit({ width: this.#width }));
    const fromUs = held.store.endUs ?? 0;
    for (const { index } of this.#sent) {
      if (index * PART_US >= fromUs - 1_000) this.#append(index);
    }
  }

  push(index: number): void {
    this.#sent.push({ index, width: this.#width });
    this.#append(index);
  }

  resize(): void {
    this.#width += 2;
    this.#init = event.addInit(this.held, cmafInit({ width: this.#width }));
  }

  /** True when what it sent last needs no other initialization segment than what is to come. */
  get isSettled(): boolean {
    return this.#sent.slice(-8).every(({ width }) => width === this.#width);
  }

  #append(index: number): void {
    const bytes = 40 + ((index * 7) % 50);
    event.rendition(this.renditionId)?.store.append(this.#init, partAt(index, bytes));
  }
}

/** All kinds of playlists of one rendition, each with a checker of its own. */
class Viewers {
  readonly renditionId: string;
  readonly #checkers = new Map<string, HlsChecker>();

  constructor(renditionId: string) {
    this.renditionId = renditionId;
  }

  async look(): Promise<void> {
    const held = event.rendition(this.renditionId);
    if (held?.store.newest === undefined) return;
    await held.catchUp.wait();
    const forms: [string, PlaylistForm[]][] = [
      ['low-latency', ['low-latency', 'delta']],
      ['plain', ['plain']],
      ['iframes', ['iframes', 'iframes-delta']],
    ];
    for (const [name, all] of forms) {
      const checker = this.#checkers.get(name) ?? new HlsChecker();
      this.#checkers.set(name, checker);
      for (const form of all) {
        if (form.endsWith('delta') && held.store.ended) continue;
        const text = held.playlists.get(form, 'bare').toString();
        checker.check(text);
        expect(checker.faults, `${name}\n${text}`).toEqual([]);
      }
    }
  }
}

/** Cuts bytes off the end of the newest segment's file, as a torn write leaves it. */
async function tear(renditionId: string, bytes: number): Promise<void> {
  const at = join(folder, RUN, renditionId);
  const numbers = (await readdir(at)).filter((name) => /^\d+\.m4s$/.test(name)).sort();
  const newest = numbers.at(-1);
  if (newest === undefined) return;
  const { size } = await stat(join(at, newest));
  await truncate(join(at, newest), Math.max(0, size - bytes));
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('push' as const), n: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('lose' as const), n: fc.integer({ min: 1, max: 14 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trim' as const), n: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), n: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), n: fc.nat(1) }) },
);

describe('the playlists of a run', () => {
  it('keep all rules of the draft and never step back, whatever is pushed, lost, killed and restored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        await event.close();
        await fresh();
        const pushers = [new Pusher('r0'), new Pusher('r1')];
        const viewers = pushers.map(({ renditionId }) => new Viewers(renditionId));
        for (const pusher of pushers) pusher.begin();
        const first = partIndexAt(clock.nowUs());
        let next = first;
        for (const { do: what, n } of steps) {
          if (what === 'push') {
            for (let i = 0; i < n; i++) {
              clock.advanceTo((next - first + 1) * PART_US);
              for (const pusher of pushers) {
                pusher.push(next);
                await Promise.all(viewers.map((viewer) => viewer.look()));
              }
              next++;
            }
          } else if (what === 'lose') {
            // Both lose the same stretch: their source was away.
            next += n;
          } else if (what === 'trim') {
            event.setLive(live({ version: next, dvrSeconds: n }));
            event.trim();
          } else if (what === 'resize') {
            pushers[n]?.resize();
          } else if (pushers.every(({ isSettled }) => isSettled)) {
            await event.close();
            for (const [i, { renditionId }] of pushers.entries()) {
              await tear(renditionId, n >> i).catch(() => {});
            }
            event = open();
            await event.restore().catch(() => false);
            for (const pusher of pushers) pusher.begin();
          }
          await Promise.all(viewers.map((viewer) => viewer.look()));
        }
        for (const { renditionId } of pushers) event.end(renditionId);
        await Promise.all(viewers.map((viewer) => viewer.look()));
        await event.close();
        expect(troubles).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

function pushParts(count: number, from = partIndexAt(clock.nowUs())): Pusher {
  const pusher = new Pusher('r0');
  pusher.begin();
  const start = partIndexAt(clock.nowUs());
  for (let i = from; i < from + count; i++) {
    clock.advance(Math.max(0, (i + 1 - start) * PART_US - clock.elapsedUs));
    pusher.push(i);
  }
  return pusher;
}

describe('EventStore', () => {
  it('refuses a writer that has been overtaken, in the rendition and with an older run', () => {
    event.open(rendition({ runId: RUN }), 5);
    expect(() => event.open(rendition({ runId: RUN }), 4)).toThrow(
      expect.objectContaining({ code: 'stale_fence' }),
    );
    expect(() => event.open(rendition({ runId: 'run000000' }), 5)).toThrow(
      expect.objectContaining({ code: 'stale_fence' }),
    );
    // Another rendition of the run may have another writer.
    event.open(rendition({ runId: RUN, renditionId: '240p' }), 3);
    event.open(rendition({ runId: 'run000002' }), 6);
    expect(event.runId).toBe('run000002');
    expect(() => event.checkFence(RUN, '360p', 5)).toThrow();
  });

  it('replaces a run with the next one, on disk too', async () => {
    pushParts(6);
    event.open(rendition({ runId: 'run000002' }), 2);
    expect(event.rendition('r0')).toBeUndefined();
    await event.close();
    expect(await readdir(folder)).not.toContain(RUN);
  });

  it('restores the window, the fence, the state and the ended rendition after a restart', async () => {
    pushParts(13);
    event.setLive(live({ version: 7, visibility: 'private', title: 'Closed show' }));
    const before = event.rendition('r0')!.playlists.get('low-latency', 'bare').toString();
    await event.close();
    event = new EventStore({
      eventId: 'main',
      folder,
      dvrSeconds: 60,
      clock,
      log: silentLogger,
      spoolEvents: { onTrouble: () => {}, onWritten: () => {} },
    });
    expect(await event.restore()).toBe(true);
    expect(event.status.isPrivate).toBe(true);
    expect(event.status.value.title).toBe('Closed show');
    const held = event.rendition('r0')!;
    expect(held.playlists.get('low-latency', 'bare').toString()).toBe(before);
    expect(() => event.open(rendition({ runId: RUN, renditionId: 'r0' }), 0)).toThrow();
    event.end('r0');
    await event.close();
    event = open();
    await event.restore();
    expect(event.rendition('r0')!.playlists.get('low-latency', 'bare').toString()).toContain(
      '#EXT-X-ENDLIST',
    );
  });

  it('takes only the newest run up, and survives folders that are no runs', async () => {
    pushParts(6);
    await event.close();
    const { cp, mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(join(folder, 'run000000', 'r0'), { recursive: true });
    await writeFile(join(folder, 'run000000', 'r0', 'rendition.json'), '{"not": "valid"}');
    await mkdir(join(folder, 'empty'));
    await cp(join(folder, RUN, 'r0'), join(folder, RUN, 'r9'), { recursive: true });
    await writeFile(join(folder, RUN, 'r9', 'index.jsonl'), 'garbage\n{"n":1}\n');
    event = open();
    expect(await event.restore()).toBe(true);
    expect(event.runId).toBe(RUN);
    expect(await readdir(folder)).toEqual(expect.arrayContaining([RUN]));
    expect(await readdir(folder)).not.toContain('run000000');
  });

  it('does not answer after a restart before the pusher has sent what it had', async () => {
    const pusher = pushParts(10);
    await event.close();
    await tear('r0', 10_000);
    event = open();
    await event.restore();
    const { catchUp, store } = event.rendition('r0')!;
    const had = store.newest;
    expect(catchUp.over).toBe(false);
    pusher.begin();
    expect(catchUp.over).toBe(true);
    expect(store.newest).not.toEqual(had);
  });

  it('lets go of a run whose DVR time has passed', () => {
    pushParts(6);
    expect(event.isExpired).toBe(false);
    clock.advance(60_000_000 + 61_000_000);
    expect(event.isExpired).toBe(true);
    event.clear();
    expect(event.runId).toBeUndefined();
  });

  it('trims to the DVR window and keeps a grace for who has just read of it', () => {
    event.setLive(live({ version: 2, dvrSeconds: 10 }));
    pushParts(4 * 40);
    event.trim();
    const { store } = event.rendition('r0')!;
    expect(store.listed).toHaveLength(5);
    expect(store.segments.length).toBe(5 + 20_000_000 / GRID.segmentUs);
  });

  it('offers a ladder once all of it is there', () => {
    event.open(rendition({ runId: RUN, renditionId: 'r0' }), 1);
    expect(event.master('low-latency', 'bare')).toBeUndefined();
    pushParts(4);
    expect(event.ladderComplete).toBe(true);
    const text = event.master('low-latency', 'bare');
    expect(text).toContain('r0/media.m3u8');
    expect(text).toContain('RESOLUTION=640x360');
    expect(event.master('plain', 'token')).toContain('r0/plain.m3u8?token={$token}');
  });
});
