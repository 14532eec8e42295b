import { describe, expect, it } from 'vitest';
import type { JobRung } from '#contracts';
import { dearestRung, Pace } from './pace.ts';

const SECOND = 1_000;
/** What is said at each half second of a run whose delay, in seconds, is this function of its age. */
function judged(pace: Pace, fromMs: number, seconds: number, lag: (age: number) => number) {
  pace.begin();
  for (let ageMs = 0; ageMs <= seconds * SECOND; ageMs += 500) {
    const verdict = pace.judge(lag(ageMs / 1_000) * 1e6, fromMs + ageMs);
    if (verdict !== 'fine') return { verdict, afterMs: ageMs };
  }
  return { verdict: 'fine' };
}

describe('Pace', () => {
  it('has nothing against a run that keeps up', () => {
    expect(judged(new Pace(), 0, 600, () => 0.5)).toEqual({ verdict: 'fine' });
  });

  it('lets a run catch up that begins far behind', () => {
    expect(judged(new Pace(), 0, 60, (age) => Math.max(0.4, 24 - age / 2))).toEqual({
      verdict: 'fine',
    });
  });

  it('gives up a run that falls behind', () => {
    const { verdict, afterMs } = judged(new Pace(), 0, 60, (age) => age / 4);
    expect(verdict).toBe('restart');
    expect(afterMs).toBe(24_000);
  });

  it('gives up a run out of which nothing comes', () => {
    expect(judged(new Pace(), 0, 60, (age) => age)).toEqual({ verdict: 'restart', afterMs: 8_000 });
  });

  it('sheds load the second time in a minute and a half, and the fourth', () => {
    const pace = new Pace();
    const verdicts = [0, 30, 60, 80].map((at) => judged(pace, at * SECOND, 20, (age) => age));
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['restart', 'shed', 'restart', 'shed']);
  });

  it('takes two hiccups in an hour for what they are', () => {
    const pace = new Pace();
    expect(judged(pace, 0, 20, (age) => age).verdict).toBe('restart');
    expect(judged(pace, 1_800 * SECOND, 20, (age) => age).verdict).toBe('restart');
  });
});

describe('dearestRung', () => {
  const video = (name: string, height: number, fps: number, copy = false): JobRung => ({
    kind: 'video',
    name,
    width: (height * 16) / 9,
    height,
    fps: { num: fps, den: 1 },
    videoKbps: 1_000,
    audioKbps: 128,
    order: 0,
    copy,
  });
  const audio: JobRung = { kind: 'audio', name: 'audio', audioKbps: 64, order: 9 };

  it('is the rung with most pixels a second', () => {
    const rungs = [video('720p', 720, 30), video('720p60', 720, 60), video('360p', 360, 60), audio];
    expect(dearestRung(rungs)?.name).toBe('720p60');
  });

  it('is none that costs nothing', () => {
    const rungs = [video('1080p', 1080, 30, true), video('720p', 720, 30), audio];
    expect(dearestRung(rungs)?.name).toBe('720p');
  });

  it('is none when only one picture is left', () => {
    expect(dearestRung([video('240p', 240, 30), audio])).toBeUndefined();
    expect(dearestRung([audio])).toBeUndefined();
  });
});
