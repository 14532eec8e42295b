import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { iceServerLinks, iceServers } from './ice-servers.ts';

const NOW = 1_700_000_000_000;
const SECRET = 'shared-secret-of-turn';
const TURN = { urls: ['turns:turn.example.org:5349?transport=tcp'], secret: SECRET };

describe('iceServers', () => {
  it('gives TURN credentials as coturn wants them of a shared secret, each to one user', () => {
    const [first] = iceServers(TURN, NOW);
    const [second] = iceServers(TURN, NOW);
    expect(first?.username).toMatch(/^1700003600:[A-Za-z0-9_-]{12}$/);
    expect(second?.username).not.toBe(first?.username);
    const signed = createHmac('sha1', SECRET).update(String(first?.username));
    expect(first?.credential).toBe(signed.digest('base64'));
  });

  it('writes addresses as RFC 7064 has them, and leaves out TURN without a secret', () => {
    const urls = ['stun://stun.example.org:3478', 'turn:turn.example.org'];
    expect(iceServers({ urls }, NOW)).toEqual([{ urls: ['stun:stun.example.org:3478'] }]);
  });
});

describe('iceServerLinks', () => {
  it('are values of the Link field', () => {
    expect(iceServerLinks({ ...TURN, urls: ['stun:a.example', ...TURN.urls] }, NOW)).toEqual([
      '<stun:a.example>; rel="ice-server"',
      expect.stringMatching(
        /^<turns:turn\.example\.org:5349\?transport=tcp>; rel="ice-server"; username="1700003600:[\w-]{12}"; credential="[A-Za-z0-9+/]{27}="; credential-type="password"$/,
      ),
    ]);
  });
});
