import { describe, expect, it } from 'vitest';
import { allocate, type Claim, wantedBy } from './allocation.ts';
import { type PacedKind, Pacer } from './pacer.ts';

const step = (rank: number, bitsPerSecond: number, temporal = 7) => ({
  rank,
  temporal,
  bitsPerSecond,
});
const LADDER = [step(0, 100), step(1, 400), step(2, 1_500)];
const claim = (rest: Partial<Claim> = {}): Claim => ({
  ladder: LADDER,
  maxRank: 7,
  priority: 1,
  present: -1,
  mayRise: true,
  ...rest,
});

/** Indices for a budget. */
function shared(budget: number, claims: Claim[], calm = false): number[] {
  const into: number[] = [];
  allocate(claims, budget, calm, into);
  return into;
}

describe('allocate', () => {
  it.each([
    ['everything', 3_000, [claim(), claim()], [2, 2]],
    ['the same to equals', 800, [claim(), claim()], [1, 1]],
    ['what is left to whom it helps', 1_900, [claim(), claim()], [2, 1]],
    ['more to the higher priority', 1_600, [claim(), claim({ priority: 10 })], [0, 2]],
    ['no more than is of use', 2_000, [claim({ maxRank: 0, priority: 10 }), claim()], [0, 2]],
    [
      'nothing again, for a while, to who just lost it',
      900,
      [claim({ mayRise: false }), claim({ priority: 2 })],
      [-1, 1],
    ],
    ['the lowest to one, at least', 10, [claim(), claim({ priority: 2 })], [-1, 0]],
    ['nothing to who has no stream', 500, [claim({ ladder: [] }), claim()], [-1, 1]],
    [
      'the lowest stream that there is, beyond what is of use',
      2_000,
      [claim({ ladder: [step(2, 9)], maxRank: 0 })],
      [0],
    ],
    ['nothing to nobody', 500, [], []],
  ])('gives %s', (_what, budget, claims, expected) => {
    expect(shared(budget, claims)).toEqual(expected);
  });

  it.each([
    ['a rise needs a fifth more than it takes', 479, { present: 0 }, 0],
    ['and is taken with that', 480, { present: 0 }, 1],
    ['none while one has just failed', 5_000, { present: 0, mayRise: false }, 0],
    ['what is there stays while it fits', 380, { present: 1 }, 1],
    ['and goes when it does not', 379, { present: 1 }, 0],
  ])('%s', (_what, budget, rest, expected) => {
    expect(shared(budget, [claim(rest)])).toEqual([expected]);
  });

  it('forgives one step back of the estimate where nothing else speaks against the path', () => {
    const claims = [claim({ present: 1 })];
    expect([shared(320, claims, true), shared(319, claims, true)]).toEqual([[1], [0]]);
  });

  it('never gives out more than there is, but for the one lowest step', () => {
    for (let budget = 0; budget < 6_000; budget += 37) {
      const claims = [claim(), claim({ priority: 3 }), claim({ maxRank: 1 })];
      const given = shared(budget, claims).map((i) => (i < 0 ? 0 : LADDER[i]!.bitsPerSecond));
      expect(given.reduce((a, b) => a + b)).toBeLessThanOrEqual(Math.max(100, budget));
    }
  });

  it('wants what would be of use, with room', () => {
    expect(wantedBy([claim(), claim({ maxRank: 1 })])).toBeCloseTo(1.2 * 1_900);
  });
});

describe('Pacer', () => {
  const FIELDS = { sequenceAt: 1, sendTimeAt: 2 };
  /** A pacer at 800 kbit/s: a thousand bytes every 10 ms, and what it sent, by the first byte. */
  function paced(rate = 800_000) {
    const sent: number[] = [];
    const pacer = new Pacer((packet) => sent.push(packet[0] ?? 0) > 0);
    pacer.rate = rate;
    const offer = (mark: number, kind: PacedKind = 'picture', owner: object = sent) =>
      pacer.offer(Buffer.alloc(1_000, mark), FIELDS, kind, owner, 0);
    return { pacer, sent, offer };
  }

  it('lets everything through while nothing is known of the path', () => {
    const { pacer, sent, offer } = paced(Number.POSITIVE_INFINITY);
    for (let i = 0; i < 1_000; i++) offer(1);
    expect([sent.length, pacer.waiting]).toEqual([1_000, 0]);
  });

  it('lets a frame through, keeps the rest in order, and sends it at its rate', () => {
    const { pacer, sent, offer } = paced();
    for (let mark = 1; mark <= 8; mark++) expect(offer(mark)).toBe(true);
    expect(sent).toEqual([1, 2, 3]);
    expect([pacer.waiting, pacer.waitingBytes]).toEqual([5, 5_000]);
    expect(pacer.drain(9)).toBe(true);
    expect(sent).toEqual([1, 2, 3, 4]);
    for (let ms = 10; ms <= 60; ms += 5) pacer.drain(ms);
    expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(pacer.drain(61)).toBe(false);
  });

  it('never keeps sound waiting, and sends repairs before pictures', () => {
    const { pacer, sent, offer } = paced();
    for (let mark = 1; mark <= 5; mark++) offer(mark);
    offer(50, 'repair');
    offer(60, 'sound');
    expect(sent).toEqual([1, 2, 3, 60]);
    pacer.drain(1_000);
    expect(sent.slice(4)).toEqual([50, 4, 5]);
  });

  it('drops what would wait longer than 400 ms but 32 packets, or sends faster where it need not be strict', () => {
    const { pacer, sent, offer } = paced();
    for (let i = 0; i < 3 + 40; i++) offer(1);
    expect([sent.length, pacer.waiting, pacer.dropped]).toEqual([3, 40, 0]);
    offer(2);
    expect([pacer.waiting, pacer.dropped]).toEqual([40, 1]);
    pacer.strict = false;
    offer(3);
    expect([sent.length, pacer.waiting, pacer.dropped]).toEqual([4, 40, 1]);
    const slow = paced(80_000);
    for (let i = 0; i < 3 + 32; i++) slow.offer(1);
    expect([slow.pacer.waiting, slow.pacer.dropped]).toEqual([32, 0]);
    slow.offer(2);
    expect([slow.pacer.waiting, slow.pacer.dropped]).toEqual([32, 1]);
  });

  it('keeps 512 packets at most', () => {
    const { pacer, offer } = paced(100e6);
    pacer.rate = 1e9;
    for (let i = 0; i < 1_250 + 512; i++) offer(1);
    expect([pacer.waiting, pacer.dropped]).toEqual([512, 0]);
    offer(1);
    expect([pacer.waiting, pacer.dropped]).toEqual([512, 1]);
  });

  it('sends nothing of what has become useless', () => {
    const { pacer, sent, offer } = paced();
    const other = {};
    for (let mark = 1; mark <= 5; mark++) offer(mark);
    offer(6, 'picture', other);
    pacer.discard(sent);
    expect(pacer.waitingBytes).toBe(1_000);
    pacer.drain(1_000);
    expect(sent).toEqual([1, 2, 3, 6]);
  });

  it('gives what waits to a probe, whatever the rate', () => {
    const { pacer, sent, offer } = paced();
    for (let mark = 1; mark <= 5; mark++) offer(mark);
    expect([pacer.release(0), pacer.release(0), pacer.release(0)]).toEqual([1_000, 1_000, 0]);
    expect(sent).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps its order when the queue has gone round and grows', () => {
    const { pacer, sent, offer } = paced();
    let mark = 0;
    for (let round = 1; round <= 6; round++) {
      for (let i = 0; i < 25; i++)
        pacer.offer(Buffer.alloc(100, ++mark), FIELDS, 'picture', sent, round * 20);
      pacer.drain(round * 20 + 10);
    }
    pacer.drain(10_000);
    expect(sent).toEqual(Array.from({ length: mark }, (_, i) => i + 1));
    expect(offer(1)).toBe(true);
  });
});
