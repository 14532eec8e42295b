import { describe, expect, it } from 'vitest';
import type { JobRung } from '#contracts';
import { Comeback } from './comeback.ts';

const SECOND = 1_000;
const video = (height: number): Extract<JobRung, { kind: 'video' }> => ({
  kind: 'video',
  name: `${height}p`,
  width: (height * 16) / 9,
  height,
  fps: { num: 30, den: 1 },
  videoKbps: 1_000,
  audioKbps: 128,
  order: 0,
  copy: false,
});
/** Four times the picture of what is left. */
const RUNG = video(720);
const LEFT = [video(360)];

/** Seconds after which there is room, on a machine with so much idle and so much used by what is left. */
function roomAfter(comeback: Comeback, fromSecond: number, idle: number, used = 0.2) {
  for (let second = fromSecond; second < fromSecond + 4_000; second++) {
    const work = { idleSeconds: second * idle, usedSeconds: second * used };
    if (comeback.hasRoom(RUNG, LEFT, () => work, second * SECOND)) return second - fromSecond;
  }
  return undefined;
}

describe('Comeback', () => {
  it('waits a minute, and looks at the machine for ten seconds', () => {
    expect(roomAfter(new Comeback(60_000, 0), 0, 1.9)).toBe(70);
  });

  it('sees no room where less is idle than the rung takes, and half as much again', () => {
    // 0.2 cores for a quarter of the picture: 0.8 for the whole, with the reserve 1.2.
    expect(roomAfter(new Comeback(60_000, 0), 0, 1.19)).toBeUndefined();
    expect(roomAfter(new Comeback(60_000, 0), 0, 1.21)).toBe(70);
  });

  it('waits twice as long after each failure, up to half an hour', () => {
    const comeback = new Comeback(60_000, 0);
    const waits = [];
    for (let now = 0, n = 0; n < 7; n++) {
      const after = roomAfter(comeback, now, 1.9) ?? Number.NaN;
      waits.push(after - 10);
      now += after;
      comeback.failed(now * SECOND);
    }
    expect(waits).toEqual([60, 120, 240, 480, 960, 1_800, 1_800]);
  });

  it('goes by time alone where the system does not tell what a process uses', () => {
    const comeback = new Comeback(60_000, 0);
    const ask = (second: number) =>
      comeback.hasRoom(
        RUNG,
        LEFT,
        () => ({ idleSeconds: 0, usedSeconds: undefined }),
        second * SECOND,
      );
    expect([59, 60, 69, 70].map(ask)).toEqual([false, false, false, true]);
  });

  it('does not judge by two different processes', () => {
    const comeback = new Comeback(60_000, 0);
    comeback.hasRoom(RUNG, LEFT, () => ({ idleSeconds: 0, usedSeconds: 500 }), 60 * SECOND);
    const work = { idleSeconds: 100, usedSeconds: 1 };
    expect(comeback.hasRoom(RUNG, LEFT, () => work, 70 * SECOND)).toBe(false);
  });
});
