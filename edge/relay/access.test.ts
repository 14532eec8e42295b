import { beforeAll, describe, expect, it } from 'vitest';
import { cookieOf, TokenIssuer, TokenVerifier } from '#platform';
import { AccessGate, type Credentials, cookieFor } from './access.ts';
import { type Target, targetOf } from './target.ts';

const issuer = new TokenIssuer('a secret of the tests, 32 bytes and more');
const NOBODY: Credentials = { authorization: undefined, cookie: undefined, isRelay: false };

let good: string;
let other: string;
let push: string;
let expired: string;
let node: string;
beforeAll(async () => {
  good = await issuer.sign('play', { sub: 'main' }, 60);
  other = await issuer.sign('play', { sub: 'other' }, 60);
  push = await issuer.sign('push', { sub: 'main' }, 60);
  expired = await issuer.sign('play', { sub: 'main' }, -10);
  node = await issuer.sign('node', { sub: 'relay' }, 60);
});

const target = (token?: string) =>
  targetOf(`/hls/main/720p/media.m3u8${token === undefined ? '' : `?token=${token}`}`) as Target;

function privateGate(): AccessGate {
  const gate = new AccessGate(new TokenVerifier(issuer));
  gate.note('main', true);
  return gate;
}

describe('AccessGate', () => {
  it('lets everybody in to what is not restricted', async () => {
    const gate = new AccessGate(new TokenVerifier(issuer));
    expect(await gate.admit(target(), NOBODY, false)).toEqual({ by: 'open' });
  });

  it('takes a token in the address, as a bearer, or in the cookie', async () => {
    const gate = privateGate();
    expect(await gate.admit(target(good), NOBODY, true)).toMatchObject({
      by: 'address',
      token: good,
    });
    const bearer = { ...NOBODY, authorization: `Bearer ${good}` };
    expect(await gate.admit(target(), bearer, true)).toMatchObject({ by: 'bearer', token: good });
    const cookie = { ...NOBODY, cookie: `a=b; amphi_play_main=${good}` };
    expect(await gate.admit(target(), cookie, true)).toEqual({ by: 'cookie' });
  });

  it('tries what else is shown when the first is worth nothing', async () => {
    const cookie = { ...NOBODY, cookie: `amphi_play_main=${good}` };
    expect(await privateGate().admit(target('placeholder'), cookie, true)).toEqual({
      by: 'cookie',
    });
  });

  it('refuses no token, a forged one, an expired one, and one for something else', async () => {
    const forged = await new TokenIssuer('another secret').sign('play', { sub: 'main' }, 60);
    for (const token of [undefined, 'x', forged, expired, other, push]) {
      await expect(privateGate().admit(target(token), NOBODY, true)).rejects.toMatchObject({
        code: 'unauthorized',
      });
    }
    const foreign = { ...NOBODY, cookie: `amphi_play_other=${good}` };
    await expect(privateGate().admit(target(), foreign, true)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  it('believes the newest word: what was kept as public may be private by now, and the other way round', async () => {
    const gate = privateGate();
    await expect(gate.admit(target(), NOBODY, false)).rejects.toThrow();
    gate.note('main', false);
    expect(await gate.admit(target(), NOBODY, true)).toEqual({ by: 'open' });
    expect(gate.isRestricted('unheard', true)).toBe(true);
  });

  it('lets relays in by a node token only, and only as relays', async () => {
    const gate = privateGate();
    const relay = { ...NOBODY, authorization: `Bearer ${node}`, isRelay: true };
    expect(await gate.admit(target(), relay, true)).toEqual({ by: 'node' });
    await expect(gate.admit(target(), { ...relay, isRelay: false }, true)).rejects.toThrow();
    await expect(
      gate.admit(target(), { ...NOBODY, authorization: `Bearer ${push}`, isRelay: true }, true),
    ).rejects.toThrow();
  });

  it('opens at once only to who was let in before', async () => {
    const gate = privateGate();
    expect(gate.opensAtOnce(target(good), NOBODY)).toBe(false);
    await gate.admit(target(good), NOBODY, true);
    expect(gate.opensAtOnce(target(good), NOBODY)).toBe(true);
    await expect(gate.admit(target(other), NOBODY, true)).rejects.toThrow();
    expect(gate.opensAtOnce(target(other), NOBODY)).toBe(false);
  });

  it('remembers a bounded number of events', () => {
    const gate = privateGate();
    for (let i = 0; i < 10_000; i++) gate.note(`e${i}`, true);
    expect(gate.isRestricted('main', false)).toBe(false);
    expect(gate.isRestricted('e9999', false)).toBe(true);
  });
});

describe('the cookie', () => {
  it('holds the token for the paths of the event, as long as the token is good', () => {
    const exp = Math.floor(Date.now() / 1000) + 100;
    const plain = cookieFor('main', { token: 'tok', exp }, false);
    expect(plain).toMatch(
      /^amphi_play_main=tok; Path=\/hls\/main\/; Max-Age=(?:99|100); HttpOnly; SameSite=Lax$/,
    );
    expect(cookieFor('main', { token: 'tok', exp }, true)).toContain(
      'SameSite=None; Secure; Partitioned',
    );
    expect(cookieFor('main', { token: 'tok', exp: 0 }, true)).toContain('Max-Age=0;');
  });

  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['b=1', undefined],
    ['a=1', '1'],
    ['b=2; a=1', '1'],
    [' a = 1 ;b=2', '1'],
    ['aa=2;a=1=2', '1=2'],
    ['a', undefined],
  ])('is found in %j', (header, expected) => {
    expect(cookieOf(header, 'a')).toBe(expected);
  });
});
