import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import { cmafInit, GRID, partAt, partIndexAt, rendition, SimClock } from '#support';
import { RenditionStore } from '../rendition-store.ts';
import { readIndexText } from './files.ts';
import { restoreRendition } from './restore.ts';
import { Spool } from './spool.ts';

let folder: string;
let clock: SimClock;
let store: RenditionStore;
let spool: Spool;
let first: number;
let msn: number;
const troubles: { reason: string; full: boolean }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amphi-spool-'));
  clock = new SimClock();
  first = partIndexAt(clock.nowUs());
  msn = first / GRID.partsPerSegment;
  store = new RenditionStore(rendition(), clock);
  troubles.length = 0;
  spool = new Spool({
    folder,
    store,
    log: silentLogger,
    events: {
      onTrouble: (reason, full) => void troubles.push({ reason, full }),
      onWritten: () => {},
    },
  });
  spool.describe({ rendition: rendition(), fence: 3, ended: false });
  store.addInit(cmafInit());
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function push(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    clock.advanceTo((i + 1) * 500_000);
    store.append(0, partAt(first + i));
  }
  await spool.flush();
}

const restore = () => restoreRendition(folder, 0);
const file = (segment: number) => join(folder, `${msn + segment}.m4s`);
const media = (from: number, to: number) =>
  Buffer.concat(
    Array.from({ length: to - from }, (_, i) => Buffer.from(partAt(first + from + i).bytes)),
  );

describe('Spool', () => {
  it('has each part on disk as it came, and each whole segment in the index', async () => {
    await push(0, 6);
    expect(await readFile(file(0))).toEqual(media(0, 4));
    expect(await readFile(file(1))).toEqual(media(4, 6));
    const { segments } = readIndexText(await readFile(join(folder, 'index.jsonl'), 'utf8'));
    expect(segments.map(({ number }) => number)).toEqual([msn]);
    expect(spool.bytes).toBe(media(0, 6).length);
  });

  it('reads a segment and a range of it, and says so when it is not there', async () => {
    await push(0, 4);
    const [segment] = store.segments;
    expect(await spool.read(segment!)).toEqual(media(0, 4));
    expect(await spool.read(segment!, 10, 20)).toEqual(media(0, 4).subarray(10, 30));
    await truncate(file(0), 50);
    await expect(spool.read(segment!)).rejects.toMatchObject({ code: 'segment_gone' });
    await rm(file(0));
    await expect(spool.read(segment!)).rejects.toMatchObject({ code: 'segment_gone' });
  });

  it('removes what has been dropped', async () => {
    await push(0, 40);
    store.trim((msn + 5) * GRID.segmentUs, (msn + 5) * GRID.segmentUs);
    await spool.flush();
    const names = (await readdir(folder)).filter((name) => name.endsWith('.m4s'));
    expect(names.sort()).toEqual(Array.from({ length: 5 }, (_, i) => `${msn + 5 + i}.m4s`));
    expect(spool.bytes).toBe(media(20, 40).length);
  });

  it('goes on in memory when the disk does not take something, and leaves no half segment', async () => {
    await push(0, 4);
    // Where the next segment's file would be, nothing can be written.
    await writeFile(file(1), '');
    await rm(file(1));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(file(1));
    await push(4, 12);
    expect(troubles.length).toBeGreaterThan(0);
    expect(troubles[0]?.full).toBe(false);
    expect(store.segments).toHaveLength(3);
    const { segments } = readIndexText(await readFile(join(folder, 'index.jsonl'), 'utf8'));
    expect(segments.map(({ number }) => number - msn)).toEqual([0, 2]);
    expect(spool.bytes).toBe(media(0, 4).length + media(8, 12).length);
  });
});

describe('restoreRendition', () => {
  it('finds what was written, to the part', async () => {
    await push(0, 10);
    const found = await restore();
    expect(found?.record).toMatchObject({ fence: 3, ended: false });
    expect(found?.segments.map(({ number }) => number - msn)).toEqual([0, 1]);
    expect(found?.tail.map(({ startUs }) => startUs / 500_000 - first)).toEqual([8, 9]);
    expect(Buffer.from(found!.segments[0]!.parts[2]!.bytes!)).toEqual(media(2, 3));
  });

  it('cuts off what was half written', async () => {
    await push(0, 10);
    for (const lost of [1, 100, media(9, 10).length]) {
      await writeFile(file(2), media(8, 10).subarray(0, media(8, 10).length - lost));
      const found = await restore();
      expect(found?.tail).toHaveLength(1);
      expect(await readFile(file(2))).toEqual(media(8, 9));
    }
    await writeFile(file(2), Buffer.concat([media(8, 10), Buffer.from('garbage')]));
    expect((await restore())?.tail).toHaveLength(2);
    expect(await readFile(file(2))).toEqual(media(8, 10));
  });

  it('ends the row where a whole segment is not as the index has it', async () => {
    await push(0, 14);
    await truncate(file(1), media(4, 6).length + 3);
    const found = await restore();
    expect(found?.segments.map(({ number }) => number - msn)).toEqual([0]);
    // What follows the damage waits for the pusher, which has it.
    expect(found?.tail.slice(0, 2).map(({ startUs }) => startUs / 500_000 - first)).toEqual([4, 5]);
  });

  it('reads past lines of the index that are torn or stand there twice', async () => {
    await push(0, 12);
    const path = join(folder, 'index.jsonl');
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"n"'));
    await writeFile(path, `${lines[0]}\n{"n": tor\n${lines[0]}\n${lines[1]}\n${lines[2]}`);
    const found = await restore();
    expect(found?.segments.map(({ number }) => number - msn)).toEqual([0, 1, 2]);
  });

  it('takes only the newest unbroken row', async () => {
    await push(0, 16);
    await rm(file(1));
    expect((await restore())?.segments.map(({ number }) => number - msn)).toEqual([2, 3]);
  });

  it('has nothing where nothing usable is', async () => {
    expect(await restore()).toBeUndefined();
    await push(0, 2);
    await writeFile(join(folder, 'rendition.json'), '{"rendition":');
    expect(await restore()).toBeUndefined();
  });

  it('knows what playlists had stopped to list', async () => {
    await push(0, 40);
    store.trim((msn + 4) * GRID.segmentUs, (msn + 1) * GRID.segmentUs);
    await spool.flush();
    const found = await restore();
    expect(found?.listedFrom).toBe(msn + 4);
    expect(found?.segments[0]?.number).toBe(msn + 1);
    await appendFile(join(folder, 'index.jsonl'), '{"from":-5}\n{"from":"x"}\n');
    expect((await restore())?.listedFrom).toBe(msn + 4);
  });
});
