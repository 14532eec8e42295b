import { beforeEach, describe, expect, it } from 'vitest';
import { GRID, PART_US, partAt, partIndexAt, rendition, SimClock } from '#support';
import { RenditionStore } from './rendition-store.ts';
import type { Segment } from './segment.ts';

const INIT = new Uint8Array([1]);
const OTHER_INIT = new Uint8Array([2]);

let clock: SimClock;
let store: RenditionStore;
/** Number of the part that begins now, at the begin of a segment. */
let first: number;
let msn: number;

beforeEach(() => {
  clock = new SimClock();
  first = partIndexAt(clock.nowUs());
  msn = first / GRID.partsPerSegment;
  store = new RenditionStore(rendition(), clock);
  store.addInit(INIT);
});

/** Parts from `from` up to before `to`, counted from the first. */
function push(from: number, to: number, init = 0): string[] {
  const results: string[] = [];
  for (let i = from; i < to; i++) {
    clock.advanceTo(Math.max(clock.elapsedUs, (i + 1) * PART_US));
    results.push(store.append(init, partAt(first + i)));
  }
  return results;
}

const shape = (segment: Segment | undefined) =>
  segment && {
    number: segment.number - msn,
    complete: segment.complete,
    gap: segment.gap,
    parts: segment.parts.map(({ gap }) => (gap ? 'gap' : 'part')),
    durationUs: segment.durationUs,
  };

describe('RenditionStore.append', () => {
  it('puts parts into segments by their time, and closes a segment with its last part', () => {
    push(0, 5);
    expect(store.segments.map(shape)).toEqual([
      {
        number: 0,
        complete: true,
        gap: false,
        parts: ['part', 'part', 'part', 'part'],
        durationUs: 2_000_000,
      },
      { number: 1, complete: false, gap: false, parts: ['part'], durationUs: PART_US },
    ]);
    expect(store.newest).toEqual({ msn: msn + 1, part: 0 });
    expect(store.position).toEqual({
      videoEndUs: (first + 5) * PART_US,
      audioEndUs: (first + 5) * PART_US,
    });
  });

  it('begins with a part that can be decoded on its own', () => {
    expect(push(1, 6)).toEqual(['skipped', 'skipped', 'skipped', 'added', 'added']);
    expect(store.segments[0]?.number).toBe(msn + 1);
  });

  it('knows what it has: a part that comes again changes nothing', () => {
    push(0, 6);
    const { version } = store;
    expect(push(2, 6)).toEqual(['known', 'known', 'known', 'known']);
    expect(store.version).toBe(version);
    expect(push(6, 7)).toEqual(['added']);
  });

  it('lists what is missing as gaps, and goes on where it can be decoded', () => {
    push(0, 6);
    // From the middle of one segment into the one after next; the rest of that is of no use.
    expect(push(14, 18)).toEqual(['skipped', 'skipped', 'added', 'added']);
    expect(store.segments.map(shape)).toEqual([
      expect.objectContaining({ number: 0, complete: true }),
      {
        number: 1,
        complete: true,
        gap: false,
        parts: ['part', 'part', 'gap', 'gap'],
        durationUs: 2_000_000,
      },
      { number: 2, complete: true, gap: true, parts: [], durationUs: 2_000_000 },
      { number: 3, complete: true, gap: true, parts: [], durationUs: 2_000_000 },
      expect.objectContaining({ number: 4, parts: ['part', 'part'] }),
    ]);
  });

  it('fills the hole inside a segment when the next part is independent', () => {
    push(0, 1);
    const late = { ...partAt(first + 3), independent: true };
    clock.advance(4 * PART_US);
    expect(store.append(0, late)).toBe('added');
    expect(shape(store.segments[0])).toMatchObject({
      complete: true,
      parts: ['part', 'gap', 'gap', 'part'],
      durationUs: 2_000_000,
    });
  });

  it('begins anew after a hole that is longer than any window', () => {
    push(0, 6);
    const dropped: number[] = [];
    store.on('dropped', ({ number }) => dropped.push(number - msn));
    push(4 * 4_000, 4 * 4_000 + 2);
    expect(store.segments.map(({ number }) => number - msn)).toEqual([4_000]);
    expect(dropped).toEqual([0, 1]);
  });

  it.each<[string, () => unknown]>([
    [
      'overlaps what is there',
      () => {
        push(0, 3);
        const part = partAt(first + 3);
        return store.append(0, { ...part, startUs: part.startUs - 300_000 });
      },
    ],
    ['lies in the future', () => store.append(0, partAt(first + 64))],
    ['lies in the past', () => store.append(0, partAt(first - 7_300))],
    ['has no duration', () => store.append(0, { ...partAt(first), endUs: first * PART_US })],
    [
      'reaches into the next segment',
      () => store.append(0, { ...partAt(first), endUs: (first + 5) * PART_US }),
    ],
  ])('refuses a part that %s, and is not changed by it', (_, append) => {
    expect(append).toThrow(expect.objectContaining({ code: 'bad_media' }));
    expect(push(store.segments.length === 0 ? 0 : 3, 4).at(-1)).toBe('added');
  });

  it('takes nothing more once it has ended', () => {
    push(0, 6);
    store.end();
    expect(store.segments.at(-1)).toMatchObject({ complete: true, durationUs: 2 * PART_US });
    expect(() => push(6, 7)).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  it('takes another initialization segment only where a discontinuity was announced', () => {
    push(0, 6);
    expect(store.addInit(OTHER_INIT)).toEqual({ number: 1, changed: true });
    expect(store.addInit(OTHER_INIT)).toEqual({ number: 1, changed: false });
    expect(push(6, 9, 1)).toEqual(['skipped', 'skipped', 'skipped']);
    store.discontinuities.add(msn + 3);
    expect(push(9, 14, 1)).toEqual(['skipped', 'skipped', 'skipped', 'added', 'added']);
    expect(store.segments.map(({ discontinuity }) => discontinuity)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(store.initNamed(store.initName(1))).toBe(OTHER_INIT);
    expect(store.initName(0)).not.toBe(store.initName(1));
  });
});

describe('RenditionStore, of its window', () => {
  const listed = () => store.listed.map(({ number }) => number - msn);
  const held = () => store.segments.map(({ number }) => number - msn);
  const at = (segment: number) => (msn + segment) * GRID.segmentUs;

  it('lists less than can be fetched, and lets go of the rest', () => {
    push(0, 40);
    const dropped: number[] = [];
    store.on('dropped', ({ number }) => dropped.push(number - msn));
    store.trim(at(5), at(2));
    expect(listed()).toEqual([5, 6, 7, 8, 9]);
    expect(held()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(dropped).toEqual([0, 1]);
    expect(store.segment(msn + 1)).toBeUndefined();
    expect(store.segment(msn + 2)?.number).toBe(msn + 2);
  });

  it('never lists less than three target durations, and never more than before', () => {
    push(0, 40);
    store.trim(at(1_000), at(1_000));
    expect(listed()).toEqual([7, 8, 9]);
    store.trim(at(0), at(0));
    expect(listed()).toEqual([7, 8, 9]);
  });

  it('keeps parts in memory for the newest segments, and for older ones until the disk has them', () => {
    push(0, 4 * 16);
    const inMemory = () => store.segments.filter(({ parts }) => parts.length > 0).length;
    expect(inMemory()).toBe(16);
    for (const segment of store.segments) if (segment.complete) store.saved(segment);
    expect(inMemory()).toBe(11);
  });

  it('drops the oldest when neither disk nor memory has room', () => {
    push(0, 4 * 60);
    expect(store.segments.length).toBeLessThanOrEqual(25);
    expect(store.segments.every(({ parts }) => parts.length > 0)).toBe(true);
    expect(held().at(-1)).toBe(59);
  });

  it('takes up what was restored and goes on with it', () => {
    push(0, 10);
    const again = new RenditionStore(rendition(), clock);
    const segments = store.segments.filter(({ complete }) => complete).map((s) => ({ ...s }));
    const tail = [partAt(first + 8), partAt(first + 9)];
    again.restore({
      segments,
      listedFrom: msn + 1,
      inits: [INIT],
      audioEndUs: undefined,
      tail,
      ended: false,
    });
    expect(again.listed[0]?.number).toBe(msn + 1);
    expect(again.newest).toEqual(store.newest);
    expect(again.initName(0)).toBe(store.initName(0));
    expect(again.append(0, partAt(first + 9))).toBe('known');
    expect(again.append(0, partAt(first + 10))).toBe('added');
  });
});
