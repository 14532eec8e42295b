import { describe, expect, it } from 'vitest';
import { iceServerLinks } from './ice-servers.ts';

const NOW = 1_700_000_000_000;

describe('iceServerLinks', () => {
  it('gives TURN credentials as coturn wants them of a shared secret', () => {
    // printf 1700003600 | openssl dgst -sha1 -hmac shared-secret-of-turn -binary | base64
    expect(
      iceServerLinks(
        { urls: ['turns:turn.example.org:5349?transport=tcp'], secret: 'shared-secret-of-turn' },
        NOW,
      ),
    ).toEqual([
      expect.stringMatching(
        /^<turns:turn\.example\.org:5349\?transport=tcp>; rel="ice-server"; username="1700003600"; credential="[A-Za-z0-9+/]{27}="; credential-type="password"$/,
      ),
    ]);
  });

  it('writes addresses as RFC 7064 has them, and leaves out TURN without a secret', () => {
    const urls = ['stun://stun.example.org:3478', 'turn:turn.example.org'];
    expect(iceServerLinks({ urls }, NOW)).toEqual([
      '<stun:stun.example.org:3478>; rel="ice-server"',
    ]);
  });
});
