import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { aacTagHeader } from '../flv/av.ts';
import { flvHeader, flvTag, TAG_AUDIO } from '../flv/tag.ts';
import { aacLcConfig, parseAacConfig, silentAacFrame } from './config.ts';

/** Bits as text; blanks separate the fields. */
function bits(text: string): Uint8Array {
  const digits = text.replace(/ /g, '');
  const bytes = new Uint8Array(Math.ceil(digits.length / 8));
  for (const [i, digit] of [...digits].entries()) bytes[i >> 3]! |= Number(digit) << (7 - (i & 7));
  return bytes;
}

const PLAIN = { frameSamples: 1024, extension: 'none' };

describe('parseAacConfig', () => {
  // ISO/IEC 14496-3 table 1.15: object type 5, rate index 4, channels 4; GASpecificConfig begins with the frame length.
  it.each([
    [
      'LC, 44.1 kHz, stereo',
      '00010 0100 0010 0 00',
      { objectType: 2, sampleRate: 44100, outputRate: 44100, channels: 2, ...PLAIN },
    ],
    [
      'LC, 48 kHz, mono',
      '00010 0011 0001 0 00',
      { objectType: 2, sampleRate: 48000, outputRate: 48000, channels: 1, ...PLAIN },
    ],
    [
      'LC, 7.1 (configuration 7)',
      '00010 0011 0111 0 00',
      { objectType: 2, sampleRate: 48000, outputRate: 48000, channels: 8, ...PLAIN },
    ],
    [
      'LC, channels in a PCE',
      '00010 0011 0000 0 00',
      { objectType: 2, sampleRate: 48000, outputRate: 48000, channels: 0, ...PLAIN },
    ],
    [
      'LC with 960 samples a frame',
      '00010 0011 0010 1 00',
      {
        objectType: 2,
        sampleRate: 48000,
        outputRate: 48000,
        channels: 2,
        frameSamples: 960,
        extension: 'none',
      },
    ],
    // 24-bit rate behind index 15.
    [
      'LC, 37800 Hz',
      `00010 1111 ${(37800).toString(2).padStart(24, '0')} 0010 0 00`,
      { objectType: 2, sampleRate: 37800, outputRate: 37800, channels: 2, ...PLAIN },
    ],
    // HE-AAC: object type 5, core rate and channels, then the extension's rate and the core's object type.
    [
      'HE-AAC, 24 kHz doubled',
      '00101 0110 0010 0011 00010 0 00',
      {
        objectType: 2,
        sampleRate: 24000,
        outputRate: 48000,
        channels: 2,
        frameSamples: 1024,
        extension: 'sbr',
      },
    ],
    [
      'HE-AAC v2, mono core',
      '11101 0111 0001 0100 00010 0 00',
      {
        objectType: 2,
        sampleRate: 22050,
        outputRate: 44100,
        channels: 1,
        frameSamples: 1024,
        extension: 'ps',
      },
    ],
    // Object type 31 escapes to 32 plus six bits: 42 is USAC.
    [
      'an escaped object type',
      '11111 001010 0011 0010 000',
      { objectType: 42, sampleRate: 48000, outputRate: 48000, channels: 2, ...PLAIN },
    ],
  ])('reads %s', (_, text, config) => {
    expect(parseAacConfig(bits(text))).toEqual(config);
  });

  it.each([
    ['nothing', ''],
    ['one byte', '00010 010'],
    ['a reserved rate', '00010 1101 0010 0 00'],
    ['a rate of 0 Hz', `00010 1111 ${'0'.repeat(24)} 0010 0 00`],
    ['reserved channels', '00010 0011 1000 0 00'],
    ['HE-AAC cut off', '00101 0110 0010 001'],
  ])('refuses %s', (_, text) => {
    expect(() => parseAacConfig(bits(text))).toThrow(RangeError);
  });
});

describe('aacLcConfig', () => {
  it.each([96000, 48000, 44100, 22050, 7350])('is read back at %d Hz', (rate) => {
    expect(parseAacConfig(aacLcConfig(rate, 2))).toMatchObject({
      objectType: 2,
      sampleRate: rate,
      channels: 2,
    });
  });

  it('refuses a rate without an index', () => {
    expect(() => aacLcConfig(37800, 2)).toThrow(RangeError);
  });
});

describe('silentAacFrame', () => {
  it.each([1, 2] as const)('decodes to silence without a complaint, %d channel(s)', (channels) => {
    const tags = Array.from({ length: 20 }, (_, i) =>
      flvTag(TAG_AUDIO, Math.round((i * 1024) / 48), aacTagHeader(false), silentAacFrame(channels)),
    );
    const config = flvTag(TAG_AUDIO, 0, aacTagHeader(true), aacLcConfig(48_000, channels));
    const flv = Buffer.concat([flvHeader({ audio: true, video: false }), config, ...tags]);
    const pcm = execFileSync(
      'ffmpeg',
      [
        '-v',
        'error',
        '-xerror',
        '-err_detect',
        'explode',
        '-f',
        'flv',
        '-i',
        'pipe:0',
        '-f',
        's16le',
        'pipe:1',
      ],
      { input: flv, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    expect(pcm.length).toBe(20 * 1024 * 2 * channels);
    expect(pcm.every((byte) => byte === 0)).toBe(true);
  });
});
