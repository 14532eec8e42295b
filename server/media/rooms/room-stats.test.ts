import { expect, it } from 'vitest';
import type { TransportSummary } from '#callserver';
import { RoomStats } from './room-stats.ts';

const at = (change: {
  incoming?: Partial<TransportSummary['incoming']>;
  outgoing?: Partial<TransportSummary['outgoing']>;
}): TransportSummary => ({
  transportId: 'ann',
  pipe: false,
  incoming: { bitsPerSecond: 1_000_000, packets: 0, lost: 0, rttMs: 30, ...change.incoming },
  outgoing: {
    packets: 0,
    octets: 0,
    fractionLost: 0.25,
    rttMs: 40,
    estimate: 2e6,
    wanted: 3e6,
    queueMs: 5,
    ...change.outgoing,
  },
});

it('tells of one who sends what was lost since the last time', () => {
  const stats = new RoomStats();
  stats.summary(at({ incoming: { packets: 1_000, lost: 500 } }), true, 0);
  const summary = stats.summary(at({ incoming: { packets: 1_090, lost: 510 } }), true, 2_000);
  expect(summary).toMatchObject({ sessionId: 'ann', bitsPerSecond: 1_000_000, rttMs: 30 });
  expect(summary.fractionLost).toBeCloseTo(0.1);
  // A producer has ended, and its packets with it.
  expect(stats.summary(at({}), true, 4_000).fractionLost).toBe(0);
});

it('tells of one who receives what went out since the last time', () => {
  const stats = new RoomStats();
  expect(stats.summary(at({}), false, 0).bitsPerSecond).toBe(0);
  const summary = stats.summary(at({ outgoing: { octets: 250_000 } }), false, 2_000);
  expect(summary).toMatchObject({ bitsPerSecond: 1_000_000, fractionLost: 0.25, estimate: 2e6 });
  stats.forget('ann');
  expect(stats.summary(at({ outgoing: { octets: 9 } }), false, 4_000).bitsPerSecond).toBe(0);
});
