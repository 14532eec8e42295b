import { describe, expect, it } from 'vitest';
import { BoxCutter, parseMoof, type TrackFragmentInfo } from '#protocol';
import { AUDIO_RATE, AudioCutter, type CutPart, MuxedCutter } from './cutter.ts';
import { PartGrid } from './grid.ts';

const GRID = { segmentUs: 2_000_000, phaseUs: 0, partsPerSegment: 6 };
/** A base as a feed has it: whole seconds, far from zero. */
const BASE_US = 1_794_993_200_000_000;

/** What a part's moof says of its tracks. */
function tracksOf(part: CutPart): TrackFragmentInfo[] {
  const boxes: Uint8Array[] = [];
  const cutter = new BoxCutter(1e7, (box) => boxes.push(box.bytes));
  cutter.push(part.bytes);
  const [moof, mdat] = boxes;
  return parseMoof(moof!, mdat!.length);
}

function muxed(options: { fps: number; den?: number; phaseUs?: number; videoFromUs?: number }) {
  const { fps, den = 1 } = options;
  const parts: CutPart[] = [];
  const timescale = fps < 1000 ? fps * 1000 : fps;
  const ticks = (timescale * den) / fps;
  const cutter = new MuxedCutter({
    grid: { ...GRID, phaseUs: options.phaseUs ?? 0 },
    timescale,
    frameUs: (1e6 * den) / fps,
    baseUs: BASE_US,
    videoFromUs: options.videoFromUs ?? 0,
    audioFromUs: 0,
    onPart: (part) => parts.push(part),
  });
  // Keys come where a segment begins, by the same rule as the encoder is told.
  const grid = new PartGrid({ ...GRID, phaseUs: options.phaseUs ?? 0 }, (250_000 * den) / fps);
  const segmentOf = (n: number) => Math.floor(grid.partOf(BASE_US + (n * den * 1e6) / fps) / 6);
  const feed = (from: number, to: number, nowMs = 0) => {
    let sound = Math.floor((((from * den) / fps) * AUDIO_RATE) / 1024);
    for (let n = from; n < to; n++) {
      const endSound = ((((n + 1) * den) / fps) * AUDIO_RATE) / 1024;
      for (; sound < endSound; sound++)
        cutter.audio({ number: sound, data: new Uint8Array(6) }, nowMs);
      const key = n === from || segmentOf(n) !== segmentOf(n - 1);
      cutter.video({ start: n * ticks, duration: ticks, key, data: new Uint8Array(100) }, nowMs);
    }
  };
  return { cutter, parts, feed, ticks, timescale };
}

describe('PartGrid', () => {
  const grid = new PartGrid(GRID, 8_000);
  it.each([
    [0, 0],
    [325_000, 0],
    // A quarter of a frame before the boundary counts as behind it.
    [325_400, 1],
    [333_334, 1],
    [1_999_999, 6],
    [1_990_000, 5],
    [2_000_000, 6],
  ])('%d µs is in part %d', (us, part) => {
    expect(grid.partOf(us)).toBe(part);
  });
});

describe('MuxedCutter', () => {
  it('cuts six parts of ten frames from two seconds at 30 fps', () => {
    const { parts, feed } = muxed({ fps: 30 });
    feed(0, 60);
    expect(parts.map((part) => tracksOf(part)[0]!.sampleCount)).toEqual([10, 10, 10, 10, 10, 10]);
    expect(parts.map((part) => part.independent)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(parts[0]!.startUs).toBe(BASE_US);
    expect(parts[5]!.endUs).toBe(BASE_US + 2_000_000);
  });

  it('cuts where the grid says also when the frames there are missing', () => {
    const { parts, feed } = muxed({ fps: 30 });
    feed(0, 58);
    feed(62, 80);
    expect(parts.map((part) => Math.round((part.endUs - BASE_US) / 1000))).toEqual([
      333, 667, 1000, 1333, 1667, 1933, 2333, 2667,
    ]);
    expect(tracksOf(parts[6]!)[0]!.sampleCount).toBe(8);
  });

  it.each([
    { fps: 24_000, den: 1001, name: '23.976' },
    { fps: 24, den: 1, name: '24' },
    { fps: 25, den: 1, name: '25' },
    { fps: 30_000, den: 1001, name: '29.97' },
    { fps: 50, den: 1, name: '50' },
    { fps: 60_000, den: 1001, name: '59.94' },
    { fps: 60, den: 1, name: '60' },
  ])(
    'at $name fps parts follow each other without a gap and none is longer than its target',
    ({ fps, den }) => {
      const { parts, feed, timescale } = muxed({ fps, den });
      feed(0, Math.floor((fps / den) * 30));
      const frameUs = (1e6 * den) / fps;
      const target = Math.ceil(2e6 / 6 / frameUs - 0.02) * frameUs;
      let end: number | undefined;
      for (const part of parts) {
        const [video] = tracksOf(part);
        if (end !== undefined) expect(video!.baseDecodeTime).toBe(end);
        end = video!.baseDecodeTime + video!.duration;
        expect((video!.duration / timescale) * 1e6).toBeLessThanOrEqual(target + 1);
      }
      const keys = parts.filter((part) => part.independent);
      // A segment every two seconds, to a frame.
      for (let i = 1; i < keys.length; i++) {
        expect(Math.abs(keys[i]!.startUs - keys[i - 1]!.startUs - 2_000_000)).toBeLessThanOrEqual(
          frameUs + 1,
        );
      }
      expect(keys.length).toBeGreaterThanOrEqual(14);
    },
  );

  it('gives the same parts whenever it was started', () => {
    const early = muxed({ fps: 30 });
    early.feed(0, 300);
    const late = muxed({ fps: 30 });
    late.feed(120, 300);
    const sameAs = new Map(early.parts.map((part) => [part.startUs, part]));
    expect(late.parts.length).toBe(18);
    for (const part of late.parts) {
      const twin = sameAs.get(part.startUs);
      expect(twin?.endUs).toBe(part.endUs);
      expect(twin?.independent).toBe(part.independent);
      expect(tracksOf(part)[0]!.baseDecodeTime).toBe(tracksOf(twin!)[0]!.baseDecodeTime);
    }
  });

  it('carries sound without a hole or an overlap across parts', () => {
    const { parts, feed } = muxed({ fps: 30 });
    feed(0, 600);
    let next: number | undefined;
    for (const part of parts) {
      const sound = tracksOf(part).find((track) => track.trackId === 2);
      if (sound === undefined) continue;
      if (next !== undefined) expect(sound.baseDecodeTime).toBe(next);
      next = sound.baseDecodeTime + sound.duration;
    }
    expect(next).toBeDefined();
  });

  it.each([1, 3, 48])('fills a hole of %i frames in the sound with silence', (missing) => {
    const { cutter, parts, ticks } = muxed({ fps: 30 });
    for (let number = 0; number < 300; number++) {
      if (number >= 9 && number < 9 + missing) continue;
      cutter.audio({ number, data: new Uint8Array(60) }, 0);
    }
    for (let n = 0; n < 120; n++)
      cutter.video({ start: n * ticks, duration: ticks, key: n === 0, data: new Uint8Array(9) }, 0);
    const sounds = parts.flatMap((part) => tracksOf(part).filter(({ trackId }) => trackId === 2));
    for (const [i, sound] of sounds.entries()) {
      expect(sound.duration).toBe(sound.sampleCount * 1024);
      const before = sounds[i - 1];
      if (before !== undefined)
        expect(sound.baseDecodeTime).toBe(before.baseDecodeTime + before.duration);
    }
    expect(sounds.length).toBeGreaterThan(10);
  });

  it('waits for sound, but not for ever', () => {
    const { cutter, parts, ticks } = muxed({ fps: 30 });
    const frame = (n: number) => ({
      start: n * ticks,
      duration: ticks,
      key: n === 0,
      data: new Uint8Array(9),
    });
    for (let n = 0; n < 10; n++) cutter.video(frame(n), 1_000);
    expect(parts).toHaveLength(0);
    cutter.release(1_249);
    expect(parts).toHaveLength(0);
    cutter.release(1_250);
    expect(parts).toHaveLength(1);
  });

  it('says of a part that waited in vain where the sound ended that came', () => {
    const { cutter, parts, feed, ticks } = muxed({ fps: 30 });
    feed(0, 11);
    const there = parts[0]!.audioEndUs;
    for (let n = 11; n < 30; n++)
      cutter.video({ start: n * ticks, duration: ticks, key: false, data: new Uint8Array(9) }, 0);
    cutter.flush();
    const silent = parts.at(-1)!;
    expect(tracksOf(silent)).toHaveLength(1);
    // The sound of eleven frames and a beginning one, no more.
    expect(silent.audioEndUs - there).toBeLessThan(130_000);
    const deaf = muxed({ fps: 30 });
    deaf.cutter.video({ start: 0, duration: deaf.ticks, key: true, data: new Uint8Array(9) }, 0);
    deaf.cutter.flush();
    expect(deaf.parts[0]!.audioEndUs).toBe(deaf.parts[0]!.startUs);
  });

  it('begins with a key frame', () => {
    const { cutter, parts, ticks } = muxed({ fps: 30 });
    for (let n = 3; n < 20; n++) {
      cutter.video(
        { start: n * ticks, duration: ticks, key: n === 12, data: new Uint8Array(9) },
        0,
      );
    }
    cutter.release(10_000);
    expect(parts).toHaveLength(1);
    expect(parts[0]!.startUs).toBe(BASE_US + 400_000);
    expect(parts[0]!.independent).toBe(true);
  });

  it('continues where its predecessor stopped, without what is there already', () => {
    const { feed, parts } = muxed({ fps: 30, videoFromUs: BASE_US + 1_000_000 });
    feed(0, 60);
    expect(parts.map((part) => part.startUs - BASE_US)).toEqual(
      [1_000_000, 1_333_333.25, 1_666_666.75].map((us) => expect.closeTo(us, -1)),
    );
  });

  it('hands out what it holds when the stream ends', () => {
    const { feed, cutter, parts } = muxed({ fps: 30 });
    feed(0, 14);
    cutter.flush();
    expect(parts.map((part) => tracksOf(part)[0]!.sampleCount)).toEqual([10, 4]);
  });

  it('cuts on the shifted grid when the source sets the phase', () => {
    const { feed, parts } = muxed({ fps: 30, phaseUs: 500_000 });
    feed(0, 90);
    // The first boundary after the base is that of the part which began at -166.7 ms.
    expect(parts[0]!.endUs).toBeCloseTo(BASE_US + 166_667, -1);
  });
});

describe('AudioCutter', () => {
  it('cuts sound on the same grid to within a frame, and nothing is lost', () => {
    const parts: CutPart[] = [];
    const cutter = new AudioCutter({
      grid: GRID,
      baseUs: BASE_US,
      audioFromUs: 0,
      onPart: (part) => parts.push(part),
    });
    for (let number = 0; number < 1000; number++) cutter.audio({ number, data: new Uint8Array(6) });
    cutter.flush();
    const frames = parts.map((part) => tracksOf(part)[0]!.sampleCount);
    expect(frames.reduce((a, b) => a + b, 0)).toBe(1000);
    for (const part of parts.slice(0, -1)) {
      const offGrid = ((part.endUs - BASE_US) * 6) / 2_000_000;
      expect(Math.abs(offGrid - Math.round(offGrid)) * (2_000_000 / 6)).toBeLessThan(22_000);
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 8, 10])(
    'cuts %i parts a segment at the same places whatever the base, none longer than the grid allows',
    (partsPerSegment) => {
      const grid = { ...GRID, partsPerSegment };
      const longest = Math.ceil(AUDIO_RATE / 1024 / (partsPerSegment / 2));
      const cuts = [0, 1, 3, 7, 1_001].map((seconds) => {
        const parts: CutPart[] = [];
        const baseUs = BASE_US - seconds * 1_000_000;
        const begin = Math.ceil((seconds * AUDIO_RATE) / 1024);
        const cutter = new AudioCutter({
          grid,
          baseUs,
          audioFromUs: 0,
          onPart: (part) => parts.push(part),
        });
        for (let number = begin; number < begin + 2_000; number++) {
          cutter.audio({ number, data: new Uint8Array(6) });
        }
        for (const part of parts) {
          expect(tracksOf(part)[0]!.sampleCount).toBeLessThanOrEqual(longest);
        }
        const partOf = new PartGrid(grid, 12_000);
        return parts.slice(1).map(({ startUs }) => partOf.partOf(startUs));
      });
      for (const cut of cuts) {
        expect(cut).toEqual(Array.from(cut, (_, i) => cut[0]! + i));
      }
    },
  );

  it.each([
    [48, 148, 148],
    [49, 100, 149],
  ])('fills a hole of %i frames: %i samples over %i', (missing, samples, frames) => {
    const parts: CutPart[] = [];
    const cutter = new AudioCutter({
      grid: GRID,
      baseUs: BASE_US,
      audioFromUs: 0,
      onPart: (part) => parts.push(part),
    });
    for (let number = 0; number < frames; number++) {
      if (number < 1 || number > missing) cutter.audio({ number, data: new Uint8Array(6) });
    }
    cutter.flush();
    const sounds = parts.map((part) => tracksOf(part)[0]!);
    expect(sounds.reduce((sum, { duration }) => sum + duration, 0)).toBe(frames * 1024);
    const filled = sounds.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    expect(filled).toBe(samples);
  });

  it('leaves out sound that is there already', () => {
    const parts: CutPart[] = [];
    const audioFromUs = BASE_US + 1024 * 10 * (1e6 / 48_000);
    const cutter = new AudioCutter({
      grid: GRID,
      baseUs: BASE_US,
      audioFromUs,
      onPart: (part) => parts.push(part),
    });
    for (let number = 0; number < 100; number++) cutter.audio({ number, data: new Uint8Array(6) });
    cutter.flush();
    expect(tracksOf(parts[0]!)[0]!.baseDecodeTime).toBe((BASE_US / 1e6) * 48_000 + 10 * 1024);
  });
});
