import { describe, expect, it } from 'vitest';
import { chooseLadder, DEFAULT_LADDER, framesPerSecond, standardFrameRate } from './ladder.ts';

const shown = (width: number, height: number, fps: number, ladder = DEFAULT_LADDER) =>
  chooseLadder(ladder, { width, height, fps }).map((rung) =>
    rung.kind === 'audio'
      ? rung.name
      : `${rung.name} ${rung.width}x${rung.height}@${Number(framesPerSecond(rung.fps).toFixed(2))}`,
  );

describe('chooseLadder', () => {
  it.each([
    [
      1920,
      1080,
      60,
      [
        '1080p60 1920x1080@60',
        '720p60 1280x720@60',
        '480p 854x480@30',
        '360p 640x360@30',
        '240p 426x240@30',
        'audio',
      ],
    ],
    [
      1920,
      1080,
      30,
      [
        '1080p 1920x1080@30',
        '720p 1280x720@30',
        '480p 854x480@30',
        '360p 640x360@30',
        '240p 426x240@30',
        'audio',
      ],
    ],
    [
      1280,
      720,
      30,
      ['720p 1280x720@30', '480p 854x480@30', '360p 640x360@30', '240p 426x240@30', 'audio'],
    ],
    // The rate falls by whole divisors, so that frames are left out evenly.
    [
      1280,
      720,
      50,
      ['720p60 1280x720@50', '480p 854x480@25', '360p 640x360@25', '240p 426x240@25', 'audio'],
    ],
    [
      1280,
      720,
      59.94,
      [
        '720p60 1280x720@59.94',
        '480p 854x480@29.97',
        '360p 640x360@29.97',
        '240p 426x240@29.97',
        'audio',
      ],
    ],
    [
      1280,
      720,
      23.976,
      [
        '720p 1280x720@23.98',
        '480p 854x480@23.98',
        '360p 640x360@23.98',
        '240p 426x240@23.98',
        'audio',
      ],
    ],
    // Portrait: the shorter side counts.
    [
      720,
      1280,
      30,
      ['720p 720x1280@30', '480p 480x854@30', '360p 360x640@30', '240p 240x426@30', 'audio'],
    ],
    // An odd size comes out even, and nearly a rung is that rung.
    [853, 481, 30, ['480p 852x480@30', '360p 638x360@30', '240p 426x240@30', 'audio']],
    [
      1274,
      714,
      30,
      ['720p 1274x714@30', '480p 856x480@30', '360p 642x360@30', '240p 428x240@30', 'audio'],
    ],
    // Smaller than every rung: one at its own size.
    [160, 120, 15, ['240p 160x120@15', 'audio']],
  ])('%d x %d at %d fps', (width, height, fps, rungs) => {
    expect(shown(width, height, fps)).toEqual(rungs);
  });

  it('never goes above the source', () => {
    for (let height = 100; height < 2200; height += 37) {
      const width = Math.round((height * 16) / 9);
      for (const rung of chooseLadder(DEFAULT_LADDER, { width, height, fps: 30 })) {
        if (rung.kind === 'audio') continue;
        expect(rung.height).toBeLessThanOrEqual(height + 1);
        expect(rung.width % 2).toBe(0);
        expect(rung.height % 2).toBe(0);
      }
    }
  });

  it('takes a ladder of sound alone', () => {
    expect(shown(1280, 720, 30, [{ kind: 'audio', name: 'a', audioKbps: 64 }])).toEqual(['a']);
  });
});

describe('standardFrameRate', () => {
  it.each([
    [29.97, 30000 / 1001],
    [30, 30],
    [23.98, 24000 / 1001],
    [24.0, 24],
    [59.9, 60000 / 1001],
    [14.7, 15],
    [Number.NaN, 30],
    [undefined, 30],
    [1000, 30],
  ])('%d is %d', (fps, standard) => {
    expect(framesPerSecond(standardFrameRate(fps))).toBe(standard);
  });
});
