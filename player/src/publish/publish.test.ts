import { describe, expect, it } from 'vitest';
import { iceFragment } from './fragment.ts';
import { iceServersOf } from './links.ts';
import { problemOfAnswer } from './problem.ts';
import { readStats } from './stats.ts';

const OFFER = [
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  'a=mid:0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  '',
].join('\r\n');

describe('iceFragment', () => {
  it('says whose candidates they are, and of which section', () => {
    const candidate = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';
    expect(iceFragment(OFFER, [{ candidate }], true).split('\r\n')).toEqual([
      'a=ice-ufrag:abcd',
      'a=ice-pwd:0123456789012345678901',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      `a=${candidate}`,
      'a=end-of-candidates',
      '',
    ]);
  });
});

describe('iceServersOf', () => {
  it('reads the servers of a Link field, commas and quotes and all', () => {
    const link =
      '<stun:stun.example.org>; rel="ice-server", ' +
      '<turn:turn.example.org?transport=udp>; rel="ice-server"; username="u,\\"1"; credential="p+/="; credential-type="password", ' +
      '<https://example.org>; rel=next';
    expect(iceServersOf(link)).toEqual([
      { urls: 'stun:stun.example.org' },
      { urls: 'turn:turn.example.org?transport=udp', username: 'u,"1', credential: 'p+/=' },
    ]);
    expect(iceServersOf(null)).toEqual([]);
  });
});

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
