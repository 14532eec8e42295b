import { expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { PIPE_OVERHEAD, PipeKeys } from './pipe-seal.ts';

const SECRET = 'what only the owners know';

function pair(secrets: readonly [string, string] = [SECRET, SECRET]) {
  const [a, b] = [new PipeKeys(), new PipeKeys()];
  const { sealer } = a.agree(b.publicKey, secrets[0]);
  const { opener } = b.agree(a.publicKey, secrets[1]);
  const seal = (text: string) => {
    const into = Buffer.alloc(200);
    into.writeUInt32BE(77);
    return Buffer.from(into.subarray(0, sealer.seal(Buffer.from(text), into)));
  };
  return { a, b, seal, opener };
}

it('opens what the other end sealed, and nobody reads it on the way', () => {
  const { seal, opener } = pair();
  const sealed = seal('a packet');
  expect(sealed).toHaveLength('a packet'.length + PIPE_OVERHEAD);
  expect(sealed.includes('packet')).toBe(false);
  expect(opener.open(sealed)?.toString()).toBe('a packet');
});

it('refuses each byte changed, what is cut short, and what comes again', () => {
  const { seal, opener } = pair();
  const sealed = seal('a packet');
  for (let at = 0; at < sealed.length; at++) {
    const forged = Buffer.from(sealed);
    forged[at]! ^= 1;
    expect(opener.open(forged)).toBeUndefined();
  }
  for (let size = 0; size < sealed.length; size++) {
    expect(opener.open(sealed.subarray(0, size))).toBeUndefined();
  }
  expect(opener.open(sealed)).toBeDefined();
  expect(opener.open(sealed)).toBeUndefined();
});

it('takes what comes out of order within its window, once, and nothing older', () => {
  const WINDOW = 1_024;
  const { seal, opener } = pair();
  const all = Array.from({ length: WINDOW + 1 }, (_, i) => seal(`packet ${i}`));
  expect(opener.open(all[WINDOW]!)).toBeDefined();
  expect(opener.open(all[1]!)?.toString()).toBe('packet 1');
  expect(opener.open(all[0]!)).toBeUndefined();
  expect(opener.open(all[1]!)).toBeUndefined();
});

it('is of no use without the secret, in the other direction, or with no key', () => {
  const strangers = pair([SECRET, 'a guess']);
  expect(strangers.opener.open(strangers.seal('a packet'))).toBeUndefined();
  const { a, b, seal } = pair();
  expect(a.agree(b.publicKey, SECRET).opener.open(seal('a packet'))).toBeUndefined();
  let thrown: unknown;
  try {
    a.agree('no key', SECRET);
  } catch (error) {
    thrown = error;
  }
  expect(isAmphiError(thrown, 'bad_request')).toBe(true);
});
