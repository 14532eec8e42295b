import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader, ByteReader } from './bytes.ts';

describe('ByteReader', () => {
  it('reads big-endian fields of every width in turn', () => {
    const r = new ByteReader(
      Uint8Array.of(
        ...[0x01, 0x02, 0x03, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00],
        ...[0xff, 0xff, 0xff, 0xfe, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
        ...[0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      ),
    );
    expect(r.u8()).toBe(1);
    expect(r.u16()).toBe(0x0203);
    expect(r.u24()).toBe(0xffffff);
    expect(r.u32()).toBe(0x80000000);
    expect(r.i32()).toBe(-2);
    expect(r.f64()).toBe(1.5);
    expect(r.u64()).toBe(Number.MAX_SAFE_INTEGER);
    expect(r.remaining).toBe(0);
  });

  it('refuses a 64-bit value that a number cannot hold', () => {
    const r = new ByteReader(Uint8Array.of(0x00, 0x20, 0, 0, 0, 0, 0, 0));
    expect(() => r.u64()).toThrow(RangeError);
  });

  it('throws at its own end, though the array goes on', () => {
    const r = new ByteReader(new Uint8Array(16), 4, 6);
    expect(r.slice(2)).toHaveLength(2);
    for (const read of [() => r.u8(), () => r.slice(1), () => r.skip(1), () => r.skip(-1)]) {
      expect(read).toThrow(RangeError);
    }
  });
});

describe('BitReader', () => {
  // H.264 table 9-2 and 9-3: codeNum and the value that se(v) makes of it.
  it.each([
    ['1', 0, 0],
    ['010', 1, 1],
    ['011', 2, -1],
    ['00100', 3, 2],
    ['00101', 4, -2],
    ['00110', 5, 3],
    ['0001000', 7, 4],
    ['000010001', 16, -8],
  ])('reads the Exp-Golomb code %s as %d and %d', (code, unsigned, signed) => {
    const bytes = Uint8Array.of(Number.parseInt(code.padEnd(16, '0'), 2) >> 8, 0);
    bytes[1] = Number.parseInt(code.padEnd(16, '0'), 2) & 0xff;
    expect(new BitReader(bytes).ue()).toBe(unsigned);
    expect(new BitReader(bytes).se()).toBe(signed);
  });

  it('refuses a code of more than 31 zeros, and any bit past the end', () => {
    expect(() => new BitReader(new Uint8Array(9)).ue()).toThrow(RangeError);
    const r = new BitReader(Uint8Array.of(0xff));
    r.skip(8);
    expect(() => r.bit()).toThrow(RangeError);
    r.skip(1_000_000);
    expect(() => r.bits(2)).toThrow(RangeError);
  });

  it('gives the same number bit by bit as at once', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), fc.nat({ max: 7 }), (value, lead) => {
        const text = '1'.repeat(lead) + value.toString(2).padStart(32, '0');
        const bytes = new Uint8Array(5);
        for (const [i, bit] of [...text].entries()) {
          bytes[i >> 3]! |= Number(bit) << (7 - (i & 7));
        }
        const r = new BitReader(bytes);
        r.skip(lead);
        expect(r.bits(32)).toBe(value);
      }),
    );
  });
});
