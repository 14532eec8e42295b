import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogFields, type Logger, silentLogger } from '#base';
import { cmafInit, GRID, PART_US, partAt, partIndexAt, rendition, SimClock } from '#support';
import { DiskBudget } from './disk-budget.ts';
import { EventStore } from './event-store.ts';

let folder: string;
let clock: SimClock;
let stores: EventStore[];
let warnings: string[];
let budget: DiskBudget;

function budgetOf(limitBytes: number): DiskBudget {
  const warn = (_fields: LogFields, message: string) => void warnings.push(message);
  const log: Logger = { ...silentLogger, warn, info: warn };
  return new DiskBudget({ limitBytes, events: () => stores, log, clock });
}

function event(eventId: string): EventStore {
  const store = new EventStore({
    eventId,
    folder: join(folder, eventId),
    dvrSeconds: 7_200,
    clock,
    log: silentLogger,
    spoolEvents: { onTrouble: () => {}, onWritten: () => {} },
  });
  stores.push(store);
  return store;
}

/** So many segments that end now. */
function fill(store: EventStore, segments: number): void {
  const held = store.open(rendition(), 1);
  const init = store.addInit(held, cmafInit());
  const end = partIndexAt(clock.nowUs());
  for (let i = end - segments * GRID.partsPerSegment; i < end; i++) {
    held.store.append(init, partAt(i, 1_000));
    for (const segment of held.store.segments) if (segment.complete) held.store.saved(segment);
  }
}

const counts = () => stores.map((store) => store.rendition('360p')?.store.segments.length);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amphi-budget-'));
  clock = new SimClock();
  stores = [];
  warnings = [];
  budget = budgetOf(Number.POSITIVE_INFINITY);
});

afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe('DiskBudget', () => {
  it('brings the windows under the limit, oldest segments first, of whichever event', () => {
    fill(event('long'), 100);
    fill(event('short'), 20);
    const limited = budgetOf(budget.bytes * 0.75);
    limited.sweep();
    expect(budget.bytes).toBeLessThanOrEqual(limited.bytes);
    const [long = 0, short = 0] = counts();
    expect(short).toBe(20);
    expect(long).toBeLessThan(70);
    expect(long).toBeGreaterThan(40);
    limited.sweep();
    expect(counts()).toEqual([long, short]);
  });

  it('leaves every live playlist what it may not do without', () => {
    fill(event('one'), 20);
    fill(event('two'), 20);
    budgetOf(1).sweep();
    expect(counts()).toEqual([3, 3]);
  });

  it('shrinks at once when the disk is full, not again before there was time, and warns', () => {
    fill(event('one'), 100);
    budget.onTrouble('no space left on device', true);
    const after = counts()[0] ?? 0;
    expect(after).toBeLessThan(95);
    expect(budget.trouble).toBe('no space left on device');
    expect(warnings).toEqual(['the disk is full: live goes on, the DVR window shrinks']);
    clock.advance(1_000_000);
    budget.onTrouble('no space left on device', true);
    expect(counts()[0]).toBe(after);
    clock.advance(1_500_000);
    budget.onTrouble('no space left on device', true);
    expect(counts()[0]).toBeLessThan(after);
    expect(warnings).toHaveLength(1);
  });

  it('takes the warning back when the disk has taken everything for a while', () => {
    budget.onTrouble('too slow', false);
    clock.advance(10 * PART_US);
    budget.onWritten();
    expect(budget.trouble).toBe('too slow');
    clock.advance(60_000_000);
    budget.onWritten();
    expect(budget.trouble).toBeUndefined();
    expect(warnings.at(-1)).toBe('the disk takes everything again');
  });
});
