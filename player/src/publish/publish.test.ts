import { describe, expect, it } from 'vitest';
import { iceFragment, restartedAnswer, restartFragment } from './fragment.ts';
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

describe('an ICE restart', () => {
  const offer = OFFER.replace('a=mid:0', 'a=fingerprint:sha-256 AA:BB\r\na=mid:0');
  const answer = [
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:0',
    'a=ice-ufrag:before',
    'a=ice-pwd:before',
    'a=fingerprint:sha-256 00:00',
    'a=setup:passive',
    'a=candidate:1 1 udp 1 192.0.2.9 1 typ host',
    'a=end-of-candidates',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:1',
    'a=ice-ufrag:before',
    '',
  ].join('\r\n');
  const transport = ['a=ice-ufrag:after', 'a=ice-pwd:pwd', 'a=fingerprint:sha-256 CC:DD'];
  const candidates = ['a=candidate:2 1 udp 1 192.0.2.9 2 typ host', 'a=end-of-candidates'];
  const fragment = [...transport, 'a=setup:passive', 'm=audio 9 x 0', 'a=mid:0', ...candidates, ''];

  it('is asked for with the fingerprint of a new DTLS association', () => {
    expect(restartFragment(offer).split('\r\n')).toEqual([
      'a=ice-ufrag:abcd',
      'a=ice-pwd:0123456789012345678901',
      'a=fingerprint:sha-256 AA:BB',
      'a=setup:actpass',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      '',
    ]);
  });

  it('keeps the answer but for the transport, in each section', () => {
    expect(restartedAnswer(answer, fragment.join('\r\n'))?.split('\r\n')).toEqual([
      'v=0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      ...transport,
      ...candidates,
      'a=setup:passive',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:1',
      ...transport,
      ...candidates,
      '',
    ]);
  });

  it.each(transport)('is of no use without %s', (line) => {
    const without = fragment.filter((one) => one !== line);
    expect(restartedAnswer(answer, without.join('\r\n'))).toBeUndefined();
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
