import { describe, expect, it } from 'vitest';
import { sha256Hex, TokenIssuer } from '#platform';
import { credentialOf, keyMarkOf, publishSubject } from './credential.ts';

const tokens = new TokenIssuer('a secret that is long enough for the tests');
const KEY = 'Zk3vQ8rT1xW5bN7mP2cL9dJ4hG6';

describe('credentialOf', () => {
  it('takes what has no dots for a stream key, and keeps its hash only', async () => {
    expect(await credentialOf(KEY, tokens)).toEqual({ keyHash: sha256Hex(KEY) });
  });

  it('takes a publish token, which goes with the key that it was made under', async () => {
    const sub = publishSubject('camera', sha256Hex(KEY));
    const token = await tokens.sign('publish', { sub }, 60);
    const credential = await credentialOf(token, tokens);
    expect(credential).toEqual({ grantedTo: 'camera', keyMark: sha256Hex(KEY).slice(0, 16) });
    expect(keyMarkOf(credential)).toBe(keyMarkOf(await credentialOf(KEY, tokens)));
  });

  it.each([
    ['nothing', async () => undefined],
    ['a key longer than any', async () => 'x'.repeat(1_025)],
    ['a token of another kind', () => tokens.sign('play', { sub: 'camera/0' }, 60)],
    ['a token that says nothing', () => tokens.sign('publish', { sub: 'camera' }, 60)],
    [
      'a token from elsewhere',
      () => new TokenIssuer('x'.repeat(40)).sign('publish', { sub: 'a/b' }, 60),
    ],
  ])('refuses %s', async (_what, bearer) => {
    await expect(credentialOf(await bearer(), tokens)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });
});
