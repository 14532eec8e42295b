import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { withTieBreaker } from './tie-breaker.ts';

/** RFC 5769 2.1, the sample request, whose password is known. */
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const SAMPLE = Buffer.from(
  [
    '00010058 2112a442 b7e7a701 bc34d686 fa87dfae',
    '80220010 5354554e 20746573 7420636c 69656e74',
    '00240004 6e0001ff',
    '80290008 932ff9b1 51263b36',
    '00060009 6576746a 3a683676 59202020',
    '00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2',
    '80280004 e57a3bcf',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);
const TIE = 20 + 20 + 8 + 4;
const [INTEGRITY, FINGERPRINT] = [TIE + 8 + 16 + 4, TIE + 8 + 16 + 4 + 20 + 4];

const passwordOf = (usernameFragment: string) =>
  usernameFragment === 'evtj' ? PASSWORD : undefined;

function sampleWith(tie: bigint): Buffer {
  const bytes = Buffer.from(SAMPLE);
  bytes.writeBigUInt64BE(tie, TIE);
  return bytes;
}

/** As Chromium sends it. */
function zeroTie(): Buffer {
  const bytes = sampleWith(0n);
  const signed = Buffer.from(bytes.subarray(0, INTEGRITY - 4));
  signed.writeUInt16BE(INTEGRITY, 2);
  createHmac('sha1', PASSWORD).update(signed).digest().copy(bytes, INTEGRITY);
  const sum = crc32(bytes.subarray(0, FINGERPRINT - 4));
  bytes.writeUInt32BE((sum ^ 0x5354554e) >>> 0, FINGERPRINT);
  return bytes;
}

describe('withTieBreaker', () => {
  it('leaves a request alone that has one', () => {
    expect(withTieBreaker(SAMPLE, passwordOf)).toBe(SAMPLE);
  });

  it('gives one to a request without, rightly signed', () => {
    const mended = withTieBreaker(zeroTie(), passwordOf);
    expect(mended.readBigUInt64BE(TIE)).toBe(1n);
    const signed = Buffer.from(mended.subarray(0, INTEGRITY - 4));
    signed.writeUInt16BE(INTEGRITY, 2);
    const signature = createHmac('sha1', PASSWORD).update(signed).digest();
    expect(mended.subarray(INTEGRITY, INTEGRITY + 20)).toEqual(signature);
    expect(mended.readUInt32BE(FINGERPRINT)).not.toBe(zeroTie().readUInt32BE(FINGERPRINT));
    expect(mended).toHaveLength(SAMPLE.length);
  });

  it('signs nothing that was not rightly signed', () => {
    const forged = sampleWith(0n);
    expect(withTieBreaker(forged, passwordOf)).toBe(forged);
    const foreign = zeroTie();
    expect(withTieBreaker(foreign, () => 'another password')).toBe(foreign);
    expect(withTieBreaker(foreign, () => undefined)).toBe(foreign);
  });

  it('may be any bytes at all', () => {
    const whole = zeroTie();
    for (let at = 0; at < whole.length; at++) {
      const cut = whole.subarray(0, at);
      expect(withTieBreaker(cut, passwordOf)).toBe(cut);
      // What follows is not signed.
      for (const value of at < INTEGRITY - 4 ? [0, 1, 0x7f, 0xff] : []) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        if (!changed.equals(whole)) expect(withTieBreaker(changed, passwordOf)).toBe(changed);
      }
    }
  });
});
