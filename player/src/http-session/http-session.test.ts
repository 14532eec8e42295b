import { describe, expect, it } from 'vitest';
import { iceFragment, restartedAnswer, restartFragment } from './fragment.ts';
import { iceSteps } from './ice-steps.ts';
import { iceServersOf } from './links.ts';

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

describe('iceSteps', () => {
  const [stun, udp, plain, tcp, tls] = [
    'stun:s.example.org',
    'turn:t.example.org?transport=udp',
    'turn:t.example.org',
    'turn:t.example.org?transport=tcp',
    'turns:t.example.org',
  ].map((urls) => ({ urls })) as [
    RTCIceServer,
    RTCIceServer,
    RTCIceServer,
    RTCIceServer,
    RTCIceServer,
  ];

  it.each<[string, RTCIceServer[], RTCIceServer[][]]>([
    ['nothing', [], [[]]],
    ['STUN alone', [stun], [[stun]]],
    [
      'all kinds, in any order',
      [tls, tcp, udp, stun],
      [[stun], [udp, stun], [tls, tcp, udp, stun]],
    ],
    ['TURN over UDP where nothing else is said', [plain], [[], [plain]]],
    ['TURN over TCP alone', [tcp], [[], [tcp]]],
    [
      'TURN with several addresses',
      [{ urls: ['turn:a', 'turn:b'] }],
      [[], [{ urls: ['turn:a', 'turn:b'] }]],
    ],
  ])('%s: what is needed first comes first', (_, servers, steps) => {
    expect(iceSteps(servers)).toEqual(steps);
  });
});
