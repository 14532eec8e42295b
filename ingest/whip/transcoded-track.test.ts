import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import type { FlvTag } from '#protocol';
import { TranscodedTrack, type TranscodedTrackOptions } from './transcoded-track.ts';

type Start = NonNullable<TranscodedTrackOptions['start']>;

/** An ffmpeg that is none: says what it was given, and gives out what it is told to. */
class FakeRun {
  readonly options: Parameters<Start>[0];
  readonly written: number[] = [];
  isWritable = true;
  backlogBytes = 0;
  killed = false;

  constructor(options: Parameters<Start>[0]) {
    this.options = options;
  }

  write(timeMs: number): void {
    this.written.push(timeMs);
  }

  end(): void {
    this.isWritable = false;
  }

  kill(): void {
    this.killed = true;
    this.end();
  }

  give(timestampMs: number): void {
    const tag: FlvTag = { type: 9, timestampMs, body: Uint8Array.of(1) };
    this.options.onTag(tag);
  }

  finish(): void {
    this.isWritable = false;
    this.options.onEnd();
  }
}

let runs: FakeRun[];
let out: number[];

const start: Start = (options) => {
  const run = new FakeRun(options);
  runs.push(run);
  return run;
};
const make = (codec: 'VP8' | 'opus') =>
  new TranscodedTrack({
    codec,
    log: silentLogger,
    onTag: (_type, timeMs) => out.push(timeMs),
    start,
  });

/** A VP8 key frame of this size, and a frame after it. */
const key = (width: number, height: number) => ({
  key: true,
  payload: Uint8Array.of(0, 0, 0, 0x9d, 1, 0x2a, width, width >> 8, height, height >> 8),
});
const delta = { key: false, payload: Uint8Array.of(1, 2, 3) };
const sound = { key: true, payload: Uint8Array.of(7) };

beforeEach(() => {
  runs = [];
  out = [];
});

describe('TranscodedTrack', () => {
  it('begins with a key frame, in the size that this says', () => {
    const track = make('VP8');
    track.push(0, delta);
    expect(runs).toEqual([]);
    track.push(33, key(640, 360));
    track.push(66, delta);
    expect(runs[0]?.options.track).toEqual({ codec: 'VP8', width: 640, height: 360 });
    expect(runs[0]?.written).toEqual([33, 66]);
    expect(track.dropped).toBe(1);
  });

  it('begins anew for another size, and holds that back until the old one is through', () => {
    const track = make('VP8');
    track.push(0, key(640, 360));
    track.push(500, key(320, 180));
    track.push(533, delta);
    const [old, fresh] = runs;
    expect(old?.isWritable).toBe(false);
    expect(fresh?.written).toEqual([500, 533]);
    fresh?.give(500);
    old?.give(0);
    expect(out).toEqual([0]);
    old?.finish();
    expect(out).toEqual([0, 500]);
    fresh?.give(533);
    expect(out).toEqual([0, 500, 533]);
  });

  it('begins anew after a gap of more than a second, not within', () => {
    const track = make('opus');
    track.push(0, sound);
    track.push(1_000, sound);
    expect(runs).toHaveLength(1);
    track.push(2_001, sound);
    expect(runs).toHaveLength(2);
  });

  it('begins anew when the clock goes back by more than a tenth of a second', () => {
    const track = make('opus');
    track.push(5_000, sound);
    track.push(4_900, sound);
    expect(runs).toHaveLength(1);
    track.push(4_500, sound);
    expect(runs).toHaveLength(2);
  });

  it('begins anew when one has failed, but not more often than every 300 ms', () => {
    const track = make('opus');
    for (let ms = 0; ms <= 600; ms += 20) {
      track.push(ms, sound);
      if (runs.at(-1)?.isWritable) runs.at(-1)?.finish();
    }
    expect(runs.map(({ written }) => written[0])).toEqual([0, 300, 600]);
  });

  it('drops up to the next key frame what an ffmpeg does not take', () => {
    const track = make('VP8');
    track.push(0, key(640, 360));
    const [run] = runs;
    if (run === undefined) throw new Error('no run');
    run.backlogBytes = 4 * 1024 * 1024 + 1;
    track.push(33, delta);
    run.backlogBytes = 0;
    track.push(66, delta);
    track.push(99, key(640, 360));
    track.push(132, delta);
    expect(run.written).toEqual([0, 99, 132]);
    expect(track.dropped).toBe(2);
  });

  it('lets out nothing more once it is closed, and ends all that runs', () => {
    const track = make('VP8');
    track.push(0, key(640, 360));
    track.push(500, key(320, 180));
    track.close();
    expect(runs.every(({ killed }) => killed)).toBe(true);
    runs[0]?.give(0);
    track.push(900, key(640, 360));
    expect(out).toEqual([]);
    expect(runs).toHaveLength(2);
  });
});
