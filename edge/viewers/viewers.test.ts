import { describe, expect, it, vi } from 'vitest';
import { clientOf, ViewerCounter } from './counter.ts';
import { ViewerSum } from './sum.ts';

const A = clientOf('192.0.2.1', 'browser');
const B = clientOf('192.0.2.2', 'browser');

describe('clientOf', () => {
  it('tells addresses and software apart, and is a whole number', () => {
    const numbers = new Set<number>();
    for (let i = 0; i < 50_000; i++) {
      numbers.add(clientOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `agent ${i % 7}`));
    }
    expect(numbers.size).toBe(50_000);
    for (const number of numbers) expect(Number.isSafeInteger(number)).toBe(true);
    expect(clientOf('a', 'b')).toBe(clientOf('a', 'b'));
    expect(clientOf('a', undefined)).not.toBe(clientOf('a', 'b'));
  });
});

describe('ViewerCounter', () => {
  it('counts clients that ask for playlists until they stop', () => {
    const counter = new ViewerCounter();
    counter.playing('main', A, 0);
    counter.playing('main', A, 5_000);
    counter.playing('main', B, 5_000);
    expect(counter.counts(6_000).get('main')).toBe(2);
    counter.playing('main', B, 15_000);
    expect(counter.counts(15_001).get('main')).toBe(1);
  });

  it('counts players with a name once, and not their own requests again', () => {
    const counter = new ViewerCounter();
    // Two players on one client, one of an unnamed kind on another.
    counter.named('main', 'one', A, 10_000);
    counter.named('main', 'two', A, 10_000);
    counter.playing('main', A, 0);
    counter.playing('main', B, 0);
    expect(counter.counts(1_000).get('main')).toBe(3);
    counter.named('main', 'one', A, 500);
    expect(counter.counts(1_000).get('main')).toBe(2);
  });

  it('says 0 once of an event whose last viewer has gone, then nothing', () => {
    const counter = new ViewerCounter();
    counter.named('main', 'one', A, 100);
    expect([...counter.counts(200)]).toEqual([['main', 0]]);
    expect([...counter.counts(200)]).toEqual([]);
  });

  it('is bounded in events; who comes too late is not counted', () => {
    const counter = new ViewerCounter();
    for (let i = 0; i < 5_001; i++) counter.playing(`e${i}`, A, 0);
    const counts = counter.counts(1);
    expect(counts.size).toBe(5_000);
    expect(counts.has('e5000')).toBe(false);
  });
});

describe('ViewerSum', () => {
  it('adds up what relays report, the newest of each, until they fall silent', () => {
    vi.useFakeTimers();
    try {
      const sum = new ViewerSum();
      sum.report('main', 'relay-one', 10);
      sum.report('main', 'relay-two', 5);
      sum.report('main', 'relay-one', 12);
      sum.report('other', 'relay-one', 1);
      expect([...sum.sums()]).toEqual([
        ['main', 17],
        ['other', 1],
      ]);
      vi.advanceTimersByTime(20_000);
      sum.report('main', 'relay-two', 6);
      vi.advanceTimersByTime(5_001);
      expect([...sum.sums()]).toEqual([
        ['main', 6],
        ['other', 0],
      ]);
      expect([...sum.sums()]).toEqual([['main', 6]]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is bounded in relays', () => {
    const sum = new ViewerSum();
    for (let i = 0; i < 2_000; i++) sum.report('main', `relay-${i}`, 1);
    expect(sum.sums().get('main')).toBe(1_000);
  });
});
