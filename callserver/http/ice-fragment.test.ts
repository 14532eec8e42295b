import { describe, expect, it } from 'vitest';
import { readIceFragment, writeIceFragment } from './ice-fragment.ts';

const VALUE = Array(32).fill('AB').join(':');
const RESTART = [
  'a=ice-ufrag:anew',
  'a=ice-pwd:0123456789012345678901',
  `a=fingerprint:SHA-256 ${VALUE.toLowerCase()}`,
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:v',
  'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host',
  '',
].join('\r\n');

describe('readIceFragment', () => {
  it("reads the peer's side of a new transport", () => {
    expect(readIceFragment(RESTART)).toEqual({
      usernameFragment: 'anew',
      mid: 'v',
      remote: {
        usernameFragment: 'anew',
        password: '0123456789012345678901',
        fingerprint: { algorithm: 'sha-256', value: VALUE },
      },
    });
  });

  it.each([
    ['no fingerprint', RESTART.replace(/a=fingerprint.*\r\n/, '')],
    ['no password', RESTART.replace(/a=ice-pwd.*\r\n/, '')],
    ['a password that is too short', RESTART.replace('0123456789012345678901', 'short')],
    ['another line within', RESTART.replace('AB:AB'.toLowerCase(), 'ab:\nab')],
  ])('has no side with %s', (_what, fragment) => {
    expect(readIceFragment(fragment)).toMatchObject({
      usernameFragment: 'anew',
      remote: undefined,
    });
  });

  it.each(['', 'nothing', 'a=ice-ufrag:', 'a=ice-ufrag'])('refuses %j', (fragment) => {
    expect(() => readIceFragment(fragment)).toThrow('which ICE session');
  });
});

describe('writeIceFragment', () => {
  it('says our side, and where the peer reaches it', () => {
    const candidate = {
      foundation: 'h',
      component: 1,
      transport: 'udp',
      priority: 1,
      address: '192.0.2.9',
      port: 44_000,
      type: 'host',
    } as const;
    const local = {
      usernameFragment: 'ours',
      password: 'secret',
      fingerprint: { algorithm: 'sha-256', value: VALUE },
      candidates: [candidate],
    };
    expect(writeIceFragment(local, 'v').split('\r\n')).toEqual([
      'a=ice-ufrag:ours',
      'a=ice-pwd:secret',
      `a=fingerprint:sha-256 ${VALUE}`,
      'a=setup:passive',
      'm=audio 9 UDP/TLS/RTP/SAVPF 0',
      'a=mid:v',
      'a=candidate:h 1 udp 1 192.0.2.9 44000 typ host',
      'a=end-of-candidates',
      '',
    ]);
  });
});
