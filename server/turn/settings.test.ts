import { describe, expect, it } from 'vitest';
import { configSchema } from '#config';
import { turnserverConf, turnUrls } from './settings.ts';

const config = (more: Record<string, unknown> = {}) => configSchema.parse(more);
const TLS = {
  http: { tlsCert: '/etc/cert.pem', tlsKey: '/etc/key.pem' },
  publicUrl: 'https://live.example.org',
};
const OWN = { local: ['192.0.2.7'], announced: ['192.0.2.7'] };
const SECRET = { secret: 'not-much-of-a-secret', folder: '/data/run' };

const linesOf = (more: Record<string, unknown>, addresses: typeof OWN): string[] =>
  turnserverConf(config(more), addresses, SECRET).trimEnd().split('\n');

describe('turnUrls', () => {
  it('are by UDP and TCP at the first address of each kind', () => {
    const announced = ['203.0.113.9', '203.0.113.10', '2001:db8::1'];
    expect(turnUrls(config({ turn: { port: 3479 } }), { local: [], announced })).toEqual([
      'turn:203.0.113.9:3479?transport=udp',
      'turn:[2001:db8::1]:3479?transport=udp',
      'turn:203.0.113.9:3479?transport=tcp',
      'turn:[2001:db8::1]:3479?transport=tcp',
    ]);
  });

  it('are by TLS too where there is a certificate and the name in it is known', () => {
    expect(turnUrls(config(TLS), OWN).at(-1)).toBe('turns:live.example.org:5349?transport=tcp');
    expect(turnUrls(config({ http: TLS.http }), OWN)).toHaveLength(2);
  });
});

describe('turnserverConf', () => {
  it('relays to this machine and nowhere else', () => {
    const lines = linesOf({}, { local: ['10.0.0.2'], announced: ['203.0.113.9'] });
    expect(lines).toEqual(
      expect.arrayContaining([
        'listening-ip=10.0.0.2',
        'relay-ip=10.0.0.2',
        'external-ip=203.0.113.9/10.0.0.2',
        'denied-peer-ip=0.0.0.0-255.255.255.255',
        'denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
        'no-multicast-peers',
        'no-tcp-relay',
        'no-cli',
      ]),
    );
    const allowed = lines.filter((line) => line.startsWith('allowed-peer-ip='));
    expect(allowed).toEqual(['allowed-peer-ip=10.0.0.2', 'allowed-peer-ip=203.0.113.9']);
    expect(lines).not.toContain('allow-loopback-peers');
  });

  it.each(['127.0.0.1', '::1'])('relays to %s only where it listens there', (address) => {
    const lines = linesOf({}, { local: [address], announced: [address] });
    expect(lines).toContain('allow-loopback-peers');
  });

  it('opens TLS with the certificate of the web port, and else none', () => {
    expect(linesOf({}, OWN)).toContain('no-tls');
    const lines = linesOf(TLS, OWN);
    expect(lines).not.toContain('no-tls');
    expect(lines).toEqual(
      expect.arrayContaining([
        'tls-listening-port=5349',
        'cert=/etc/cert.pem',
        'pkey=/etc/key.pem',
      ]),
    );
  });

  it('relays from a thousand ports', () => {
    const lines = linesOf({ turn: { relayPort: 20_000 } }, OWN);
    expect(lines).toEqual(expect.arrayContaining(['min-port=20000', 'max-port=20999']));
  });
});
