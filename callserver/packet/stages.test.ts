import { describe, expect, it } from 'vitest';
import { absSendTimeOf, FeedbackCursor, parseRtcp, type TransportFeedback } from '#protocol';
import { ArrivalClock } from './arrival-clock.ts';
import { PacketCache } from './cache.ts';
import { ABS_SEND_TIME, FIRST_PASSED_ON, idByIndex, TRANSPORT_CC } from './extension-order.ts';
import { KeyFrameRequests } from './key-frame-requests.ts';
import { LayerRates } from './layer-rates.ts';
import { chooseLayer, LayerSwitch } from './layer-switch.ts';
import { NackGenerator } from './nack-generator.ts';
import { ReceiveStatistics } from './receive-statistics.ts';
import { RepairTime } from './repair-time.ts';
import { PeerClock, StreamClock } from './sender-clock.ts';
import { SentPackets } from './sent-packets.ts';
import { PacketSlot } from './slot.ts';
import { TemporalFilter } from './temporal-filter.ts';
import { TransportFeedbackGenerator } from './transport-feedback.ts';

const due = (nack: NackGenerator, nowMs: number) => [...nack.due(nowMs, [])];

describe('NackGenerator', () => {
  it('asks for what is missing, again after a round trip, and no more once it is there', () => {
    const nack = new NackGenerator();
    nack.received(100, 0);
    nack.received(103, 0);
    expect(due(nack, 0)).toEqual([101, 102]);
    expect(due(nack, 19)).toEqual([]);
    // A lost request would cost a round trip: each is sent twice.
    expect(due(nack, 20)).toEqual([101, 102]);
    expect(due(nack, 50)).toEqual([]);
    nack.received(101, 60);
    expect(due(nack, 120)).toEqual([102]);
    nack.received(102, 130);
    expect(due(nack, 1_000)).toEqual([]);
    expect(nack.missing).toBe(0);
  });

  it('learns the round trip from answers to a single request', () => {
    const nack = new NackGenerator();
    nack.received(0, 0);
    for (let i = 1; i < 60; i++) {
      nack.received(i * 2, i * 1_000);
      due(nack, i * 1_000);
      nack.received(i * 2 - 1, i * 1_000 + 30);
    }
    expect(nack.rttMs).toBeCloseTo(30, 0);
  });

  it('gives up after ten requests, and at once on what has become too old', () => {
    const nack = new NackGenerator({ maxMissing: 10, maxRequests: 10, maxAgeMs: 100_000 });
    nack.received(0, 0);
    nack.received(2, 0);
    let requests = 0;
    for (let ms = 0; ms < 5_000; ms += 10) requests += due(nack, ms).length;
    // Each twice but the last, after which nobody waits.
    expect(requests).toBe(2 * 10 - 1);
    nack.received(4, 5_000);
    expect(due(nack, 200_000)).toEqual([]);
  });

  it('does not ask for a gap that a key frame mends more cheaply', () => {
    const nack = new NackGenerator({ maxMissing: 10, maxRequests: 10, maxAgeMs: 1_000 });
    nack.received(0, 0);
    expect(nack.received(50, 0)).toBe(false);
    expect(due(nack, 0)).toEqual([]);
  });

  it('names packets by 16 bits across the wrap-around', () => {
    const nack = new NackGenerator();
    nack.received(0xfffe, 0);
    nack.received(0x10001, 0);
    expect(due(nack, 0)).toEqual([0xffff, 0]);
  });
});

describe('ReceiveStatistics', () => {
  const take = (statistics: ReceiveStatistics, number: number, nowMs = 0) => {
    const sequence = statistics.place(number);
    if (sequence !== undefined) statistics.count(sequence, 1_000, nowMs * 90, nowMs, false);
    return sequence;
  };

  it('continues sequence numbers across the wrap-around', () => {
    const statistics = new ReceiveStatistics(90_000);
    const first = take(statistics, 0xfffe) ?? 0;
    expect([0xffff, 0, 1].map((number) => take(statistics, number))).toEqual([
      first + 1,
      first + 2,
      first + 3,
    ]);
    expect(take(statistics, 0xfffd)).toBe(first - 1);
  });

  it('reports loss since the last report in 1/256, and what was lost altogether', () => {
    const statistics = new ReceiveStatistics(90_000);
    for (const number of [10, 11, 13, 14]) take(statistics, number);
    expect(statistics.report(7, 0)).toMatchObject({
      ssrc: 7,
      fractionLost: 51,
      cumulativeLost: 1,
      highestSequence: 14,
    });
    for (const number of [15, 16]) take(statistics, number);
    expect(statistics.report(7, 0)).toMatchObject({ fractionLost: 0, cumulativeLost: 1 });
  });

  it('refuses one stray packet, and follows a stream that has jumped', () => {
    const statistics = new ReceiveStatistics(90_000);
    take(statistics, 100);
    expect(take(statistics, 30_000)).toBeUndefined();
    const next = take(statistics, 101) ?? 0;
    expect(take(statistics, 40_000)).toBeUndefined();
    expect(take(statistics, 40_001)).toBeGreaterThan(next);
    expect(statistics.lost).toBe(0);
  });

  it('measures no jitter where packets keep their distance, and some where they do not', () => {
    const steady = new ReceiveStatistics(90_000);
    const shaky = new ReceiveStatistics(90_000);
    for (let i = 0; i < 100; i++) {
      steady.count(i, 100, i * 3_000, (i * 3_000) / 90, false);
      shaky.count(i, 100, i * 3_000, (i * 3_000) / 90 + (i % 2) * 10, false);
    }
    expect(steady.jitter).toBeLessThan(3);
    expect(shaky.jitter).toBeGreaterThan(500);
  });
});

describe('KeyFrameRequests', () => {
  it('makes one request of many wishes, repeats it, and rests when it is answered', () => {
    const requests = new KeyFrameRequests();
    expect(requests.due(0)).toBe(false);
    for (let i = 0; i < 100; i++) requests.want(10);
    expect([10, 20, 300, 900, 1_010, 1_020].map((ms) => requests.due(ms))).toEqual([
      ...[true, false, false, false, true, false],
    ]);
    requests.satisfied();
    expect(requests.due(5_000)).toBe(false);
    requests.want(5_000);
    expect(requests.due(5_000)).toBe(true);
  });
});

describe('LayerSwitch', () => {
  const packet = (layer: number, keyFrame = false) =>
    Object.assign(new PacketSlot(), { layer, keyFrame });

  it('keeps the present stream until a key frame of the wanted one begins', () => {
    const layers = new LayerSwitch();
    layers.aim(0);
    expect(layers.judge(packet(0))).toBe('skip');
    expect(layers.judge(packet(0, true))).toBe('switch');
    layers.aim(2);
    expect(layers.judge(packet(2))).toBe('skip');
    expect(layers.judge(packet(0))).toBe('forward');
    expect(layers.judge(packet(2, true))).toBe('switch');
    expect(layers.judge(packet(0, true))).toBe('skip');
  });
});

describe('chooseLayer', () => {
  const ranked = (live: string) => [...live].map((c, layer) => ({ layer, live: c === '1' }));

  it.each([
    ['111', 7, 2],
    ['111', 0, 0],
    ['110', 2, 1],
    ['001', 0, 2],
    ['000', 2, -1],
    ['', 2, -1],
  ])('of %s with at most rank %d takes %d', (live, wanted, expected) => {
    expect(chooseLayer(ranked(live), wanted)).toBe(expected);
  });
});

describe('SentPackets', () => {
  it('finds what a NACK names, once a round trip, within what may be resent', () => {
    const sent = new SentPackets();
    for (let i = 0; i < 1_500; i++) sent.record(65_000 + i, i);
    const wanted = sent.unwrap((65_000 + 1_400) & 0xffff);
    expect(wanted).toBe(66_400);
    expect(sent.takeForResend(wanted, 0, 50)).toBe(1_400);
    expect(sent.takeForResend(wanted, 34, 50)).toBeUndefined();
    expect(sent.takeForResend(wanted, 36, 50)).toBe(1_400);
    expect(sent.takeForResend(65_000 + 490, 0, 50)).toBeUndefined();
  });
});

describe('SentPackets after very many packets', () => {
  it.each([2 ** 31, 2 ** 32, 3 * 2 ** 32])('still knows what went out at %i', (start) => {
    const sent = new SentPackets();
    for (let i = 0; i < 100; i++) sent.record(start + i, 2 * start - 7 + i);
    expect(sent.incomingOf(start)).toBe(2 * start - 7);
    expect(sent.incomingOf(start + 99)).toBe(2 * start + 92);
    const ms = 2 ** 31 - 5;
    expect(sent.takeForResend(start + 5, ms, 100)).toBe(2 * start - 2);
    expect(sent.takeForResend(start + 5, ms + 69, 100)).toBeUndefined();
    expect(sent.takeForResend(start + 5, ms + 75, 100)).toBe(2 * start - 2);
  });
});

describe('PacketCache', () => {
  it('gives up the oldest packet for a new one, never a newer one for an old one', () => {
    const cache = new PacketCache(4);
    for (let i = 0; i < 6; i++) cache.claim(i);
    expect(cache.get(1)).toBeUndefined();
    expect(cache.get(2)?.sequence).toBe(2);
    expect(cache.claim(1)).toBeUndefined();
    expect(cache.get(5)?.sequence).toBe(5);
  });
});

describe('StreamClock', () => {
  it('keeps sound and picture of one peer together by its sender reports', () => {
    const peer = new PeerClock();
    const [sound, picture] = [new StreamClock(48_000), new StreamClock(90_000)];
    const ntp = { seconds: 3_900_000_000, fraction: 0 };
    sound.report(1_000, peer.toOurs(ntp, 5_000_000));
    // The second report is half a second later on the peer's clock, and 80 ms late on the way.
    picture.report(9_000, peer.toOurs({ ...ntp, fraction: 2 ** 31 }, 5_580_000));
    expect(sound.timestampAt(6_000_000)).toBe(1_000 + 48_000);
    expect(picture.timestampAt(6_000_000)).toBe(9_000 + 45_000);
  });

  it('says how far another stream is ahead, across the wrap-around', () => {
    const [a, b] = [new StreamClock(90_000), new StreamClock(90_000)];
    a.report(0xffffff00, 0);
    b.report(0x100, 0);
    expect(a.aheadOf(b, 1_000_000)).toBe(0x200);
  });
});

describe('ArrivalClock', () => {
  it('takes the jitter of our own queue out, and leaves real delay in', () => {
    const clock = new ArrivalClock();
    const sent = Array.from({ length: 40 }, (_, i) => i * 5);
    const base = clock.arrival(absSendTimeOf(0), 100);
    // Handled in bunches of four.
    for (const ms of sent.slice(1, 20)) {
      const arrival = clock.arrival(absSendTimeOf(ms), 100 + Math.ceil(ms / 15) * 15);
      expect(Math.abs(arrival - base - ms)).toBeLessThan(0.1);
    }
    const late = clock.arrival(absSendTimeOf(100), 100 + 100 + 80);
    expect(late - base - 100).toBeGreaterThan(60);
    expect(clock.excessMs).toBeCloseTo(80, 0);
  });
});

describe('TransportFeedbackGenerator', () => {
  it('reports arrivals and losses every 100 ms, each packet once', () => {
    const generator = new TransportFeedbackGenerator();
    for (const number of [65_534, 65_535, 1]) generator.received(number, number === 1 ? 8 : 4);
    const [bytes] = generator.due(100, 1, 2);
    const [feedback] = parseRtcp(bytes ?? new Uint8Array());
    expect(feedback).toMatchObject({ baseSequence: 65_534, packetCount: 4, reference: 0 });
    const cursor = new FeedbackCursor().begin(feedback as TransportFeedback);
    const ticks = [];
    while (cursor.next()) ticks.push(cursor.received ? cursor.tick : undefined);
    expect(ticks).toEqual([16, 16, undefined, 32]);
    expect(generator.due(150, 1, 2)).toEqual([]);
    generator.received(2, 160);
    const [next] = parseRtcp(generator.due(210, 1, 2)[0] ?? new Uint8Array());
    expect(next).toMatchObject({ baseSequence: 2, feedbackCount: 1 });
  });
});

describe('idByIndex', () => {
  it('gives what a receiver did not ask for an id that it does not know', () => {
    const ids = idByIndex({ transportCc: 14, absSendTime: 13 });
    expect([ids[TRANSPORT_CC], ids[ABS_SEND_TIME]]).toEqual([14, 13]);
    expect(ids[FIRST_PASSED_ON]).toBe(12);
  });
});

describe('TemporalFilter', () => {
  const frame = (timestamp: number, temporalId: number, rest: Partial<PacketSlot> = {}) =>
    Object.assign(new PacketSlot(), { timestamp, temporalId, ...rest });

  it('goes down at the next frame, never within one', () => {
    const filter = new TemporalFilter();
    expect(filter.passes(frame(0, 2))).toBe(true);
    filter.aim(0);
    expect(filter.passes(frame(0, 2))).toBe(true);
    expect(filter.passes(frame(1, 1))).toBe(false);
    expect(filter.passes(frame(2, 0))).toBe(true);
  });

  it('goes up where a layer depends on the lowest alone, or at a key frame', () => {
    const filter = new TemporalFilter();
    filter.aim(0);
    filter.passes(frame(0, 0, { keyFrame: true }));
    filter.aim(7);
    expect(filter.passes(frame(1, 2))).toBe(false);
    expect(filter.passes(frame(2, 1, { layerSync: true }))).toBe(true);
    expect(filter.passes(frame(3, 2))).toBe(false);
    expect(filter.passes(frame(4, 2, { layerSync: true }))).toBe(true);
    filter.aim(0);
    expect(filter.passes(frame(5, 1))).toBe(false);
    filter.aim(7);
    filter.passes(frame(6, 0, { keyFrame: true }));
    expect(filter.passes(frame(7, 2))).toBe(true);
  });
});

describe('LayerRates', () => {
  it('tells what a stream takes up to each temporal layer, from half a second on', () => {
    const rates = new LayerRates();
    // 1,000 bytes every 10 ms, every second packet of layer 1.
    for (let ms = 100_000; ms < 100_600; ms += 10) rates.add(1_000, 0, (ms / 10) % 2, ms);
    expect(rates.bitsPerSecond(7, 100_599)).toBeCloseTo(800_000, -4);
    for (let ms = 100_600; ms < 110_000; ms += 10) rates.add(1_000, 0, (ms / 10) % 2, ms);
    expect(rates.highest(109_999)).toBe(1);
    expect(rates.bitsPerSecond(0, 109_999)).toBeCloseTo(400_000, -4);
    expect(rates.bitsPerSecond(1, 109_999)).toBeCloseTo(800_000, -4);
  });

  it('forgets within two seconds', () => {
    const rates = new LayerRates();
    for (let ms = 0; ms < 1_000; ms += 10) rates.add(1_000, 0, 1, ms);
    expect(rates.highest(2_799)).toBe(1);
    expect([rates.highest(2_800), rates.bitsPerSecond(3, 2_800)]).toEqual([0, 0]);
  });
});

describe('RepairTime', () => {
  it('is a round trip and a little where packets get lost, for twenty seconds after', () => {
    const time = new RepairTime();
    time.observe(0.01, 100, 0);
    expect(time.at(0)).toBe(0);
    time.observe(0.02, 100, 0);
    time.observe(0, 100, 10_000);
    expect([time.at(0), time.at(19_999), time.at(20_000)]).toEqual([160, 160, 0]);
  });

  it('is judged by fifty packets at least', () => {
    const time = new RepairTime();
    time.count(49, 5, 100, 0);
    expect(time.at(0)).toBe(0);
    time.count(50, 5, 100, 0);
    expect(time.at(0)).toBe(160);
    const clean = new RepairTime();
    for (let packets = 0; packets < 1_000; packets += 10) clean.count(packets, 0, 100, packets);
    expect(clean.at(1_000)).toBe(0);
  });
});
