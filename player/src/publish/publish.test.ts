import { describe, expect, it } from 'vitest';
import { problemOfAnswer } from './problem.ts';
import { readStats } from './stats.ts';

describe('readStats', () => {
  const report = (bytesSent: number, reports: number) => [
    { type: 'outbound-rtp', kind: 'video', bytesSent, framesPerSecond: 30, codecId: 'c' },
    { type: 'outbound-rtp', kind: 'audio', bytesSent: 1_000 },
    { type: 'codec', id: 'c', mimeType: 'video/H264' },
    { type: 'remote-inbound-rtp', kind: 'video', timestamp: reports, roundTripTime: 0.02 },
  ];

  it('counts bits a second between two readings', () => {
    const first = readStats(report(0, 1), 1_000, undefined);
    expect(first.figures).toMatchObject({ bitsPerSecond: 0, codec: 'H264', rttMs: 20 });
    const second = readStats(report(250_000, 2), 2_000, first.mark);
    expect(second.figures.bitsPerSecond).toBe(2_000_000);
  });

  it.each([
    // The browser’s word, share of the time spent encoding, what the way out bears, what it is.
    ['none', 0.9, 9_000_000, 'none'],
    ['cpu', 0, 300_000, 'cpu'],
    ['bandwidth', 0.1, 1_000_000, 'bandwidth'],
    ['bandwidth', 0.1, undefined, 'bandwidth'],
    ['bandwidth', 0.7, 1_000_000, 'cpu'],
    ['bandwidth', 0.69, 1_000_000, 'bandwidth'],
    ['bandwidth', 0.1, 1_500_000, 'bandwidth'],
    ['bandwidth', 0.1, 1_500_001, 'other'],
    [undefined, 0.9, 300_000, 'none'],
  ] as const)(
    'of %s, encoding %d of the time, with %s bit/s to be had: %s',
    (word, busy, bears, is) => {
      const at = (seconds: number) => [
        {
          type: 'outbound-rtp',
          kind: 'video',
          bytesSent: seconds * 125_000,
          totalEncodeTime: seconds * busy,
          qualityLimitationReason: word,
        },
        { type: 'candidate-pair', nominated: false, availableOutgoingBitrate: 99_000_000 },
        { type: 'candidate-pair', nominated: true, availableOutgoingBitrate: bears },
      ];
      const { mark } = readStats(at(0), 0, undefined);
      expect(readStats(at(1), 1_000, mark).figures.limitedBy).toBe(is);
    },
  );

  it('hears of the server when a report of it comes, and not when more is sent', () => {
    const heard = (bytes: number, reports: number) =>
      readStats(report(bytes, reports), 0, undefined).mark.heard;
    expect(heard(1, 1)).toBe(heard(2, 1));
    expect(heard(1, 1)).not.toBe(heard(1, 2));
  });
});

describe('what goes wrong', () => {
  it.each([
    [401, undefined, 'refused', false],
    [404, undefined, 'gone', false],
    [406, undefined, 'codecs', false],
    [409, 'the event has ended; open it again in the studio', 'gone', false],
    [409, 'somebody already publishes with this key', 'busy', true],
    [429, undefined, 'unreachable', true],
    [503, undefined, 'unreachable', true],
    [0, undefined, 'unreachable', true],
    [400, 'no fingerprint', 'other', false],
  ])('%d (%s) means %s', (status, detail, code, passing) => {
    expect(problemOfAnswer(status, detail)).toMatchObject({ code, passing });
  });
});
