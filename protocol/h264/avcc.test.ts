import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { avcConfigRecord, parseAvcConfig } from './avcc.ts';
import { isWellFormed, nalUnits, withLongLengths } from './nal.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex'));

/** x264, 320 x 240 at 25 frames a second, Constrained Baseline 1.3. */
const SPS = '6742c00d d90141fb 01100000 03001000 00030320 f1429900'.replace(/ /g, '');
const PPS = '68cb83cb 20'.replace(/ /g, '');
const unit = (hex: string) => (hex.length / 2).toString(16).padStart(4, '0') + hex;

describe('parseAvcConfig', () => {
  it('reads the record of ISO/IEC 14496-15 5.3.3.1', () => {
    const record = bytes(
      [
        '01', // configurationVersion
        '42c00d', // profile, compatibility, level
        'ff', // reserved, lengthSizeMinusOne = 3
        'e1', // reserved, one SPS
        unit(SPS),
        '01', // one PPS
        unit(PPS),
      ].join(''),
    );
    const config = parseAvcConfig(record);
    expect(config.lengthSize).toBe(4);
    expect(config.spsUnits).toEqual([bytes(SPS)]);
    expect(config.ppsUnits).toEqual([bytes(PPS)]);
    expect(config.sps).toMatchObject({ profile: 66, level: 13, width: 320, height: 240, fps: 25 });
  });

  it('leaves out empty units and the extension of high profiles behind the PPS', () => {
    const record = bytes(`01640028 fc e2 0000 ${unit(SPS)} 01 ${unit(PPS)} fdf8f800`);
    expect(parseAvcConfig(record)).toMatchObject({ lengthSize: 1, spsUnits: [bytes(SPS)] });
  });

  it.each([
    ['nothing', ''],
    ['another version', `0242c00d ff e1 ${unit(SPS)} 00`],
    ['lengths of three bytes', `0142c00d fe e1 ${unit(SPS)} 00`],
    ['no SPS', '0142c00d ff e0 00'],
    ['an SPS longer than the record', '0142c00d ff e1 ffff 67'],
    ['a record that ends before the PPS', `0142c00d ff e1 ${unit(SPS)} 01 0005 68`],
    ['an SPS that makes no sense', '0142c00d ff e1 0001 67 00'],
  ])('refuses %s', (_, hex) => {
    expect(() => parseAvcConfig(bytes(hex))).toThrow(RangeError);
  });
});

describe('avcConfigRecord', () => {
  it('is read back as what it was made of', () => {
    const record = avcConfigRecord([bytes(SPS)], [bytes(PPS), bytes(PPS)]);
    expect(parseAvcConfig(record)).toMatchObject({
      lengthSize: 4,
      spsUnits: [bytes(SPS)],
      ppsUnits: [bytes(PPS), bytes(PPS)],
    });
    expect([...record.subarray(0, 4)]).toEqual([1, 0x42, 0xc0, 0x0d]);
  });

  it.each([
    ['no SPS', [], [bytes(PPS)]],
    ['an SPS without a profile', [Uint8Array.of(0x67)], [bytes(PPS)]],
    ['more SPS than it holds', Array.from({ length: 32 }, () => bytes(SPS)), []],
    ['more PPS than it holds', [bytes(SPS)], Array.from({ length: 256 }, () => bytes(PPS))],
  ])('refuses %s', (_what, sps, pps) => {
    expect(() => avcConfigRecord(sps, pps)).toThrow(RangeError);
  });
});

describe('length-prefixed NAL units', () => {
  const units = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
    minLength: 1,
    maxLength: 6,
  });
  const written = (list: Uint8Array[], lengthSize: number) =>
    new Uint8Array(
      Buffer.concat(
        list.flatMap((u) => {
          const length = Buffer.alloc(lengthSize);
          length.writeUIntBE(u.length, 0, lengthSize);
          return [length, u];
        }),
      ),
    );

  it('are well formed and found again, whatever the size of their lengths', () => {
    fc.assert(
      fc.property(units, fc.constantFrom(1, 2, 4), (list, lengthSize) => {
        const accessUnit = written(list, lengthSize);
        expect(isWellFormed(accessUnit, lengthSize)).toBe(true);
        expect([...nalUnits(accessUnit, lengthSize)]).toEqual(list);
        expect(withLongLengths(accessUnit, lengthSize)).toEqual(written(list, 4));
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a length alone', '00000001'],
    ['a length of 0', '00000000 00000001 65'],
    ['a length that reaches beyond the end', '00000002 65'],
    ['a leftover byte', '00000001 65 00'],
    ['the largest length', 'ffffffff 65'],
  ])('are not well formed: %s', (_, hex) => {
    expect(isWellFormed(bytes(hex))).toBe(false);
  });

  it('stop at the first lie', () => {
    expect([...nalUnits(bytes('00000001 65 00000009 41'))]).toEqual([bytes('65')]);
  });
});
