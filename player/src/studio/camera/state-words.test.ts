import { describe, expect, it } from 'vitest';
import { figuresText, troubleText } from './state-words.ts';

const FIGURES = {
  bitsPerSecond: 2_530_000,
  fps: 29.8,
  width: 1280,
  height: 720,
  lost: 0,
  rttMs: 24,
  codec: 'H264',
  limitedBy: 'none',
} as const;

describe('figuresText', () => {
  it('says what is known', () => {
    expect(figuresText(FIGURES)).toBe(
      '1280 × 720, 30 fps, 2.53 Mbit/s, 24 ms to the server and back',
    );
    expect(figuresText({ ...FIGURES, width: undefined, fps: undefined, rttMs: undefined })).toBe(
      '2.53 Mbit/s',
    );
  });
});

describe('troubleText', () => {
  it.each([
    [{ lost: 0.03 }, undefined],
    [{ lost: 0.031 }, /loses 3 %/],
    [{ limitedBy: 'bandwidth' }, /network does not carry/],
    [{ limitedBy: 'cpu' }, /does not encode faster/],
  ] as const)('of %j', (change, text) => {
    const said = troubleText({ ...FIGURES, ...change });
    if (text === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(text);
  });
});
