import { describe, expect, it } from 'vitest';
import { readAmf0 } from './read.ts';

const read = (hex: string) => readAmf0(new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex')));

describe('readAmf0', () => {
  // Sections 2.2 to 2.18 of the AMF0 specification.
  it.each([
    ['a number', '00 3ff8000000000000', 1.5],
    ['a boolean', '01 01', true],
    ['a string', '02 0003 616263', 'abc'],
    ['null', '05', null],
    ['undefined', '06', undefined],
    ['a reference, which nobody follows', '07 0001', undefined],
    ['unsupported', '0d', undefined],
    ['a strict array', '0a 00000002 05 01 00', [null, false]],
    ['a date in UTC', '0b 4270000000000000 0000', 2 ** 40],
    ['a long string', '0c 00000001 7a', 'z'],
    ['an XML document', '0f 00000004 3c612f3e', '<a/>'],
  ])('reads %s', (_, hex, value) => {
    expect(read(hex)).toEqual([value]);
  });

  it.each([
    ['an object', '03 0001 61 01 01 0000 09'],
    ['an ECMA array, whatever its count says', '08 ffffffff 0001 61 01 01 0000 09'],
    ['a typed object', '10 0002 4f62 0001 61 01 01 0000 09'],
  ])('reads %s', (_, hex) => {
    expect(read(hex)).toEqual([{ a: true }]);
  });

  it('reads the values of a command in turn', () => {
    // "connect", 1, { app: "live" }
    const [name, transaction, object] = read(
      '02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 0000 09',
    );
    expect([name, transaction, object]).toEqual(['connect', 1, { app: 'live' }]);
  });

  it('takes properties of any name for properties', () => {
    const [object] = read('03 0009 5f5f70726f746f5f5f 01 01 0000 09') as [object];
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.keys(object)).toEqual(['__proto__']);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('takes an empty name for a name when no end marker follows', () => {
    expect(read('03 0000 01 01 0000 09')).toEqual([{ '': true }]);
  });

  it('reads nothing from nothing', () => {
    expect(read('')).toEqual([]);
  });

  const nested = (levels: number) => `${'03 0001 61'.repeat(levels)}05${'0000 09'.repeat(levels)}`;

  it.each([
    ['a number cut off', '00 3ff8'],
    ['a string cut off', '02 0005 6162'],
    ['an object without an end', '03 0001 61 05'],
    ['an object end on its own', '09'],
    ['an unknown type', '42'],
    ['AMF3', '11 01'],
    ['a strict array that lies about its count', '0a ffffffff 05'],
    ['a long string that lies about its length', '0c 7fffffff 61'],
    ['too many values', '05'.repeat(5_000)],
    ['too many values in an array', `0a 00002000 ${'05'.repeat(0x2000)}`],
    ['nesting too deep', nested(10)],
    ['arrays nested too deep', '0a 00000001'.repeat(10_000)],
  ])('refuses %s', (_, hex) => {
    expect(() => read(hex)).toThrow(RangeError);
  });

  it('takes objects nested eight deep', () => {
    expect(JSON.stringify(read(nested(8)))).toBe(`[${'{"a":'.repeat(8)}null${'}'.repeat(8)}]`);
  });
});
