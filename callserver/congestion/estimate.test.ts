import { describe, expect, it } from 'vitest';
import { AcknowledgedRate } from './acknowledged-rate.ts';
import { LossControl } from './loss-control.ts';
import { OveruseDetector, type PathUse } from './overuse-detector.ts';
import { PacketGroups } from './packet-groups.ts';
import { Prober } from './prober.ts';
import { QueueDelay } from './queue-delay.ts';
import { RateControl, type RateControlInput } from './rate-control.ts';
import { SendHistory } from './send-history.ts';
import { Trendline } from './trendline.ts';

describe('SendHistory', () => {
  it('finds what feedback names by 16 bits, across the wrap-around', () => {
    const history = new SendHistory();
    for (let i = 0; i < 0x10005; i++) history.record(100 + (i % 10), i, 0);
    expect(history.nextSequenceNumber).toBe(5);
    const sequence = history.unwrap(0xfffe);
    expect(sequence).toBe(0xfffe);
    const at = history.find(sequence);
    expect([history.sentMs(at), history.bytes(at)]).toEqual([0xfffe, 104]);
    expect(history.unwrap(4)).toBe(0x10004);
  });

  it('keeps 2,048 packets and forgets the one before', () => {
    const history = new SendHistory();
    for (let i = 0; i < 2_049; i++) history.record(100, i, 0);
    expect(history.find(1)).toBeGreaterThanOrEqual(0);
    expect(history.find(0)).toBe(-1);
    expect(history.find(2_049)).toBe(-1);
    expect(history.bytesUnderWay).toBe(204_800);
  });

  it('believes a late arrival, and counts each packet once', () => {
    const history = new SendHistory();
    for (let i = 0; i < 3; i++) history.record(100, i, 7);
    const [first, second, third] = [0, 1, 2].map((sequence) => history.find(sequence)) as [
      number,
      number,
      number,
    ];
    expect([history.lost(first), history.lost(first)]).toEqual([true, false]);
    expect([history.arrived(first), history.arrived(first)]).toEqual([true, false]);
    expect(history.lost(first)).toBe(false);
    expect(history.arrived(second)).toBe(true);
    expect(history.bytesUnderWay).toBe(100);
    expect([history.cluster(third), history.bytes(third)]).toEqual([7, 100]);
  });
});

describe('PacketGroups', () => {
  it('takes what was sent within 5 ms as one, and says how the groups drift apart', () => {
    const groups = new PacketGroups();
    const deltas: number[][] = [];
    for (let frame = 0; frame < 4; frame++) {
      for (let i = 0; i < 3; i++) {
        const sentMs = frame * 33 + i * 2;
        if (groups.add(sentMs, 1_000 + sentMs + frame * 4)) {
          deltas.push([groups.sentDeltaMs, groups.arrivalDeltaMs]);
        }
      }
    }
    expect(deltas).toEqual([
      [33, 37],
      [33, 37],
    ]);
  });

  it('takes what arrives in one go after a stop on the way as one', () => {
    const groups = new PacketGroups();
    for (const [sentMs, arrivalMs] of [
      [0, 0],
      [20, 20],
    ] as const)
      groups.add(sentMs, arrivalMs);
    // Held up, and let go together.
    const begun = [40, 60, 80].map((sentMs, i) => groups.add(sentMs, 100 + i));
    expect(begun).toEqual([true, false, false]);
    expect(groups.add(200, 200)).toBe(true);
    expect([groups.sentDeltaMs, groups.arrivalDeltaMs]).toEqual([60, 82]);
  });

  it('leaves out packets that were overtaken, and steps of the clock', () => {
    const groups = new PacketGroups();
    for (const ms of [0, 20, 40]) groups.add(ms, ms);
    expect(groups.add(10, 41)).toBe(false);
    expect([groups.add(60, 10_060), groups.add(80, 10_080)]).toEqual([true, false]);
  });
});

/** Frames 20 ms apart whose delay grows by `growthMs` each; the verdict after each. */
function verdicts(growthMs: number, count: number, jitterMs = 0): PathUse[] {
  const trendline = new Trendline();
  const detector = new OveruseDetector();
  return Array.from({ length: count }, (_, i) => {
    const jitter = jitterMs * (i % 2 === 0 ? 1 : -1);
    const arrivalDelta = 20 + growthMs + jitter;
    trendline.add(20, arrivalDelta, i * (20 + growthMs));
    return detector.detect(trendline.offset, 20, i * (20 + growthMs));
  });
}

describe('Trendline and OveruseDetector', () => {
  it('see a queue that grows by 5 ms a frame within 30 frames', () => {
    expect(verdicts(5, 30)).toContain('overuse');
  });

  it('see one that empties', () => {
    expect(verdicts(-5, 60)).toContain('underuse');
  });

  it('see nothing in an even path, nor in jitter', () => {
    expect(new Set(verdicts(0, 500))).toEqual(new Set(['normal']));
    expect(new Set(verdicts(0, 500, 8))).toEqual(new Set(['normal']));
  });

  it('get used to another flow that keeps the queue in motion', () => {
    const isOveruse = (detector: OveruseDetector, fromMs: number) => {
      const uses = [18, 18, 18].map((offset, i) => detector.detect(offset, 20, fromMs + i * 20));
      return uses.includes('overuse');
    };
    expect(isOveruse(new OveruseDetector(), 0)).toBe(true);
    const detector = new OveruseDetector();
    for (let i = 0; i < 500; i++) detector.detect(i % 50 < 25 ? 20 : -20, 20, i * 20);
    expect(detector.thresholdMs).toBeGreaterThan(19);
    expect(isOveruse(detector, 10_000)).toBe(false);
  });
});

describe('QueueDelay', () => {
  it('is what is above the best of the last seconds, whatever the clocks say', () => {
    const queue = new QueueDelay();
    for (let ms = 0; ms < 5_000; ms += 10) queue.add(ms, ms + 100_000);
    queue.add(5_000, 105_080);
    expect(queue.ms).toBe(80);
    // A longer route is no queue, once it has lasted.
    for (let ms = 5_000; ms < 30_000; ms += 10) queue.add(ms, ms + 100_080);
    expect(queue.ms).toBe(0);
  });
});

describe('AcknowledgedRate', () => {
  it('measures what arrives, and whether a queue holds it back', () => {
    const rate = new AcknowledgedRate();
    expect(rate.bitsPerSecond(500)).toBeUndefined();
    // A thousand bytes every 10 ms: 800 kbit/s.
    for (let i = 0; i <= 100; i++) rate.add(i * 10, 5_000 + i * 10, 1_000);
    expect(rate.bitsPerSecond(500)).toBeCloseTo(800_000, -4);
    expect(rate.passedThrough(500)).toBeCloseTo(1, 2);
    for (let i = 1; i <= 100; i++) rate.add(1_000 + i * 10, 6_000 + i * 20, 1_000);
    expect(rate.bitsPerSecond(500)).toBeCloseTo(400_000, -4);
    expect(rate.passedThrough(500)).toBeCloseTo(0.5, 1);
  });
});

describe('RateControl', () => {
  const input = (use: PathUse, rest: Partial<RateControlInput> = {}): RateControlInput => ({
    use,
    acknowledged: 1e6,
    squeezed: true,
    unprobed: false,
    rttMs: 100,
    ...rest,
  });

  it('falls to 85 % of what gets through when the path is full, once a round trip', () => {
    const control = new RateControl(1.2e6, 30_000, 50e6);
    control.update(input('overuse'), 0);
    expect(control.rate).toBe(850_000);
    control.update(input('overuse', { acknowledged: 800_000 }), 99);
    expect(control.rate).toBe(850_000);
    control.update(input('overuse', { acknowledged: 800_000 }), 100);
    expect(control.rate).toBe(680_000);
    expect(control.decreasedMs).toBe(100);
  });

  it('does not take a small flow that gets through for the capacity', () => {
    const control = new RateControl(4e6, 30_000, 50e6);
    control.update(input('overuse', { squeezed: false }), 0);
    expect(control.rate).toBeCloseTo(0.85 * 1.51e6, -3);
    expect(control.decreasedMs).toBe(Number.NEGATIVE_INFINITY);
    for (let ms = 200; ms < 5_000; ms += 200) {
      control.update(input('overuse', { squeezed: false }), ms);
    }
    expect(control.rate).toBe(850_000);
  });

  it('grows by 8 % a second, no further than a fifth above what arrives', () => {
    const control = new RateControl(1e6, 30_000, 50e6);
    for (let ms = 0; ms <= 1_000; ms += 100) control.update(input('normal'), ms);
    expect(control.rate).toBeCloseTo(1.08e6, -4);
    for (let ms = 1_100; ms <= 60_000; ms += 100) control.update(input('normal'), ms);
    expect(control.rate).toBeCloseTo(1.21e6, -3);
    for (let ms = 60_100; ms <= 90_000; ms += 100) {
      control.update(input('normal', { unprobed: true }), ms);
    }
    expect(control.rate).toBeGreaterThan(5e6);
  });

  it('grows slowly where it knows about where the end is, and waits while queues empty', () => {
    const control = new RateControl(1.1e6, 30_000, 50e6);
    control.update(input('overuse'), 0);
    control.update(input('underuse'), 200);
    expect(control.rate).toBe(850_000);
    for (let ms = 300; ms <= 1_300; ms += 100) control.update(input('normal'), ms);
    // About a packet in a response time: 48 kbit/s a second.
    expect(control.rate).toBeGreaterThan(890_000);
    expect(control.rate).toBeLessThan(905_000);
  });

  it('stays between its bounds', () => {
    const control = new RateControl(40_000, 30_000, 50_000);
    control.update(input('overuse', { acknowledged: 1_000 }), 0);
    expect(control.rate).toBe(30_000);
    control.set(1e9, 0);
    expect(control.rate).toBe(50_000);
  });
});

describe('LossControl', () => {
  const rateAfter = (loss: number, seconds: number) => {
    const control = new LossControl(1e6, 30_000, 50e6);
    for (let i = 0; i < seconds * 10; i++) control.update(20 * (1 - loss), 20 * loss, 1e6, i * 100);
    return control.rate;
  };

  it.each([
    ['grows', 0, 1.2e6, 50e6],
    ['grows', 0.01, 1.2e6, 50e6],
    ['holds', 0.02, 1e6, 1e6],
    ['holds', 0.1, 1e6, 1e6],
    ['falls', 0.11, 0, 0.85e6],
    ['falls', 0.5, 0, 0.4e6],
  ])('%s at a loss of %d', (_what, loss, least, most) => {
    expect(rateAfter(loss, 5)).toBeGreaterThanOrEqual(least);
    expect(rateAfter(loss, 5)).toBeLessThanOrEqual(most);
  });

  it('does not judge by a handful of packets', () => {
    const control = new LossControl(1e6, 30_000, 50e6);
    for (let ms = 0; ms < 10_000; ms += 1_000) control.update(3, 1, 1e6, ms);
    expect(control.rate).toBe(1e6);
  });
});

describe('Prober', () => {
  /** Runs one probe over a path of this rate; returns what it shows. */
  function probe(prober: Prober, capacity: number, startMs = 0): number | undefined {
    prober.begin(500_000, 3_000_000, startMs);
    const { cluster } = prober;
    let freeMs = 0;
    for (let ms = startMs; prober.cluster !== 0; ms += 4) {
      for (let due = prober.dueBytes(ms); due > 0; due -= 300) {
        prober.sent(300, ms);
        freeMs = Math.max(freeMs, ms) + (300 * 8_000) / capacity;
        prober.arrived(cluster, ms, freeMs + 20, 300);
      }
    }
    return prober.result(startMs + 150);
  }

  it('at twice the estimate shows that, where the path bears it, and may go on at once', () => {
    const prober = new Prober();
    const shown = probe(prober, 20e6) ?? 0;
    expect(shown).toBeGreaterThan(800_000);
    expect(shown).toBeLessThan(1_500_000);
    prober.begin(1e6, 3e6, 160);
    expect(prober.cluster).not.toBe(0);
  });

  it('shows the capacity where the path bears less, and waits longer each time', () => {
    const prober = new Prober();
    const shown = probe(prober, 600_000) ?? 0;
    expect(shown).toBeGreaterThan(500_000);
    expect(shown).toBeLessThan(620_000);
    expect(prober.saturatedMs).toBe(150);
    prober.begin(500_000, 3e6, 3_149);
    expect(prober.cluster).toBe(0);
    probe(prober, 600_000, 3_150);
    prober.begin(500_000, 3e6, 3_300 + 4_499);
    expect(prober.cluster).toBe(0);
    prober.begin(500_000, 3e6, 3_300 + 4_500);
    expect(prober.cluster).not.toBe(0);
  });

  it('does not begin when there is enough, and ends when there is nothing to send', () => {
    const prober = new Prober();
    prober.begin(3e6, 3e6, 0);
    expect(prober.cluster).toBe(0);
    prober.begin(1e6, 3e6, 0);
    prober.abandon(0);
    expect([prober.cluster, prober.dueBytes(10), prober.result(10)]).toEqual([0, 0, undefined]);
  });
});
