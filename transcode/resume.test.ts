import { describe, expect, it } from 'vitest';
import { feedNeededFromUs, type Resume } from './resume.ts';

/** Two frames to warm up the encoder, and a tenth of a second for the decoder. */
const LEAD_US = (2 * 1024e6) / 48_000 + 100_000;
const VIDEO = { kind: 'video' as const, name: '720p' };
const SMALL = { kind: 'video' as const, name: '360p' };
const SOUND = { kind: 'audio' as const, name: 'audio' };

describe('feedNeededFromUs', () => {
  it.each<[string, Resume, number]>([
    ['the sound, which ends first', { videoUs: 5e6, audioUs: 4.9e6 }, 4.9e6 - LEAD_US],
    ['the picture, where it is behind', { videoUs: 4e6, audioUs: 5e6 }, 4e6],
    [
      'the picture, where nothing is known of the sound',
      { videoUs: 5e6, audioUs: undefined },
      5e6 - LEAD_US,
    ],
  ])('is set by %s', (_, position, wanted) => {
    expect(feedNeededFromUs([VIDEO], new Map([[VIDEO.name, position]]))).toBeCloseTo(wanted, 3);
  });

  it('is set by the rung that is furthest behind', () => {
    const positions = new Map<string, Resume>([
      ['720p', { videoUs: 5e6, audioUs: 4.9e6 }],
      ['360p', { videoUs: 4e6, audioUs: 3.9e6 }],
      ['audio', { videoUs: undefined, audioUs: 5e6 }],
    ]);
    expect(feedNeededFromUs([VIDEO, SMALL, SOUND], positions)).toBeCloseTo(3.9e6 - LEAD_US, 3);
    expect(feedNeededFromUs([SOUND], positions)).toBeCloseTo(5e6 - LEAD_US, 3);
  });

  it('is not set while one of them is to begin', () => {
    const positions = new Map<string, Resume>([['720p', { videoUs: 5e6, audioUs: 5e6 }]]);
    expect(feedNeededFromUs([VIDEO, SMALL], positions)).toBeUndefined();
    expect(feedNeededFromUs([VIDEO], new Map())).toBeUndefined();
  });
});
