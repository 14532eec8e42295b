import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactNtp, microsOfNtp, ntpOfMicros, type TransportFeedback } from './packets.ts';
import { parseRtcp } from './read.ts';
import {
  FeedbackCursor,
  TICKS_PER_REFERENCE,
  writeTransportFeedback,
} from './transport-feedback.ts';
import { RtcpWriter } from './write.ts';

const written = (write: (writer: RtcpWriter) => void): Uint8Array => {
  const writer = new RtcpWriter();
  write(writer);
  return Uint8Array.from(writer.bytes());
};

const REPORT = {
  ssrc: 0x01020304,
  fractionLost: 64,
  cumulativeLost: -3,
  highestSequence: 0x0001ffff,
  jitter: 17,
  lastSenderReport: 0xaabbccdd,
  delaySinceLastSenderReport: 65_536,
};

describe('parseRtcp', () => {
  it('reads a sender report, byte by byte (RFC 3550 6.4.1)', () => {
    const bytes = Uint8Array.of(
      ...[0x81, 200, 0, 12], // one report block, 13 words
      ...[0, 0, 0, 5], // SSRC
      ...[0xe5, 0, 0, 1, 0x80, 0, 0, 0], // NTP
      ...[0, 0, 0x10, 0], // RTP timestamp
      ...[0, 0, 0, 9, 0, 0, 4, 0], // 9 packets, 1024 octets
      ...[1, 2, 3, 4, 64, 0xff, 0xff, 0xfd, 0, 1, 0xff, 0xff, 0, 0, 0, 17],
      ...[0xaa, 0xbb, 0xcc, 0xdd, 0, 1, 0, 0],
    );
    expect(parseRtcp(bytes)).toEqual([
      {
        type: 'sender-report',
        ssrc: 5,
        ntp: { seconds: 0xe5000001, fraction: 0x80000000 },
        rtpTimestamp: 4096,
        packetCount: 9,
        octetCount: 1024,
        reports: [REPORT],
      },
    ]);
  });

  it('reads the packet ids of a NACK with their bit mask (RFC 4585 6.2.1)', () => {
    const bytes = Uint8Array.of(0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0x80, 0x01);
    expect(parseRtcp(bytes)).toEqual([
      { type: 'nack', senderSsrc: 1, mediaSsrc: 2, lost: [0xffff, 0, 15] },
    ]);
  });

  it('reads what an application defined, byte by byte (RFC 3550 6.7)', () => {
    const bytes = Uint8Array.of(
      ...[0x82, 204, 0, 3, 0, 0, 0, 7],
      ...[0x41, 0x42, 0x43, 0x44, 1, 2, 3, 4],
    );
    const packet = { type: 'application', subtype: 2, ssrc: 7, name: 'ABCD' };
    expect(parseRtcp(bytes)).toEqual([{ ...packet, data: Uint8Array.of(1, 2, 3, 4) }]);
    const back = written((writer) => writer.application(7, 'ABCD', () => writer.u32(0x01020304)));
    expect(back).toEqual(Uint8Array.from(bytes).fill(0x80, 0, 1));
    expect(() => parseRtcp(Uint8Array.of(0x80, 204, 0, 1, 0, 0, 0, 7))).toThrow(RangeError);
  });

  it('gives back a compound packet as it was written', () => {
    const bytes = written((writer) => {
      writer.receiverReport(7, [REPORT]);
      writer.sourceDescription(7, 'amphi');
      writer.pli(7, 8);
      writer.fir(7, 8, 200);
      writer.remb(7, 1_000_000, [8, 9]);
      writer.bye(7);
    });
    expect(parseRtcp(bytes)).toEqual([
      { type: 'receiver-report', ssrc: 7, reports: [REPORT] },
      { type: 'source-description', names: [{ ssrc: 7, cname: 'amphi' }] },
      { type: 'pli', senderSsrc: 7, mediaSsrc: 8 },
      { type: 'fir', senderSsrc: 7, requests: [{ ssrc: 8, sequence: 200 }] },
      { type: 'remb', senderSsrc: 7, bitrate: 1_000_000, ssrcs: [8, 9] },
      { type: 'bye', ssrcs: [7] },
    ]);
  });

  it('gives back every set of lost packets', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0xffff }),
        fc.uniqueArray(fc.nat({ max: 2_000 }), { minLength: 1, maxLength: 100 }),
        (first, steps) => {
          const lost = steps.sort((a, b) => a - b).map((step) => (first + step) & 0xffff);
          const [packet] = parseRtcp(written((writer) => writer.nack(1, 2, lost)));
          expect(packet).toEqual({ type: 'nack', senderSsrc: 1, mediaSsrc: 2, lost });
        },
      ),
    );
  });

  it('throws RangeError, and nothing else, for any bytes', () => {
    const packetType = fc.constantFrom(200, 201, 202, 203, 205, 206, 207);
    fc.assert(
      fc.property(
        fc.nat({ max: 31 }),
        packetType,
        fc.uint8Array({ maxLength: 64 }),
        (count, type, body) => {
          const words = Math.floor(body.length / 4);
          const bytes = Uint8Array.of(0x80 | count, type, 0, words, ...body);
          try {
            parseRtcp(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

/** Ticks of 250 µs, undefined for what did not arrive. */
const arrivalsOf = (feedback: TransportFeedback): (number | undefined)[] => {
  const cursor = new FeedbackCursor().begin(feedback);
  const arrivals: (number | undefined)[] = [];
  const start = feedback.reference * TICKS_PER_REFERENCE;
  while (cursor.next()) arrivals.push(cursor.received ? start + cursor.tick : undefined);
  return arrivals;
};

describe('transport feedback', () => {
  /** Arrivals as steps in ticks of 250 µs from one packet to the next; undefined is a lost one. */
  const arrivals = fc.array(
    fc.option(fc.integer({ min: -200, max: 2_000 }), { nil: undefined, freq: 3 }),
    { minLength: 1, maxLength: 200 },
  );

  it('gives back every pattern of arrivals', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffff }), arrivals, (baseSequence, steps) => {
        let tick = 1_000_000;
        const ticks = steps.map((step) => {
          if (step !== undefined) tick += step;
          return step === undefined ? undefined : tick;
        });
        const feedback = {
          senderSsrc: 1,
          mediaSsrc: 2,
          feedbackCount: 3,
          baseSequence,
          arrivals: ticks,
        };
        const { bytes, taken } = writeTransportFeedback(feedback);
        expect(taken).toBe(ticks.length);
        expect(bytes.length % 4).toBe(0);
        const [read] = parseRtcp(bytes);
        const { arrivals, ...head } = feedback;
        expect(read).toMatchObject({ ...head, packetCount: arrivals.length });
        expect(arrivalsOf(read as TransportFeedback)).toEqual(arrivals);
      }),
    );
  });

  it('ends before a step that 16 bits do not hold', () => {
    const { taken } = writeTransportFeedback({
      senderSsrc: 1,
      mediaSsrc: 2,
      feedbackCount: 0,
      baseSequence: 0,
      arrivals: [1000, 1010, undefined, 50_000],
    });
    expect(taken).toBe(3);
  });

  it('says a run of like arrivals in one chunk', () => {
    const { bytes } = writeTransportFeedback({
      senderSsrc: 1,
      mediaSsrc: 2,
      feedbackCount: 0,
      baseSequence: 0,
      arrivals: Array.from({ length: 100 }, (_, i) => 1024 + i),
    });
    // Head 4, SSRCs 8, fields 8, one chunk 2, deltas 100, padding 2.
    expect(bytes.length).toBe(124);
    expect([bytes[20], bytes[21]]).toEqual([0x20, 100]);
  });
});

describe('NTP time', () => {
  it('keeps a point in time to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_085_978_495_999_999 }), (us) => {
        expect(microsOfNtp(ntpOfMicros(us))).toBeCloseTo(us, -1);
      }),
    );
  });

  it('is quoted by its middle 32 bits', () => {
    expect(compactNtp({ seconds: 0xe5001234, fraction: 0xabcd0000 })).toBe(0x1234abcd);
  });
});
