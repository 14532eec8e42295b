import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { micros } from '#base';
import { Timeline, type TimelineOptions } from './timeline.ts';

const EPOCH_US = 1_800_000_000_000_000;
const FRAME_MS = 40;

/** Sends frames of both tracks in step, the way an encoder does; returns what they were mapped to. */
class Encoder {
  readonly timeline: Timeline;
  /** Wall time since the start. */
  elapsedUs = 0;
  /** Clock of the encoder at the start. */
  startMs: number;
  /** How much faster than the wall the encoder's clock runs, in millionths. */
  ppm = 0;
  delayUs = 0;

  constructor(startMs = 0, options?: TimelineOptions) {
    this.timeline = new Timeline(options);
    this.startMs = startMs;
  }

  get wallUs(): number {
    return EPOCH_US + this.elapsedUs;
  }

  send(track: 'audio' | 'video', extraDelayUs = 0): number {
    const clockMs = Math.round(this.startMs + (this.elapsedUs * (1 + this.ppm / 1e6)) / 1000);
    const timestamp = ((clockMs % 2 ** 32) + 2 ** 32) % 2 ** 32;
    return this.timeline.map(track, timestamp, micros(this.wallUs + this.delayUs + extraDelayUs));
  }

  /** One frame of each track; returns their mapped times. */
  frame(): { audio: number; video: number } {
    const both = { audio: this.send('audio'), video: this.send('video') };
    this.elapsedUs += FRAME_MS * 1000;
    return both;
  }

  run(seconds: number): { audio: number; video: number } {
    let last = { audio: 0, video: 0 };
    for (let i = 0; i < (seconds * 1000) / FRAME_MS; i++) last = this.frame();
    return last;
  }
}

describe('Timeline.map', () => {
  it('anchors the first sample at its arrival and counts on by the encoder', () => {
    const encoder = new Encoder(123_456);
    expect(encoder.frame()).toEqual({ audio: EPOCH_US, video: EPOCH_US });
    expect(encoder.frame().video).toBe(EPOCH_US + 40_000);
  });

  it('anchors where it is told, when the first sample was late', () => {
    const timeline = new Timeline();
    timeline.anchor(EPOCH_US);
    expect(timeline.map('video', 0, micros(EPOCH_US + 300_000))).toBe(EPOCH_US);
    expect(timeline.map('audio', 20, micros(EPOCH_US + 310_000))).toBe(EPOCH_US + 20_000);
  });

  it('does not believe an anchor that is far from the sample', () => {
    const timeline = new Timeline();
    timeline.anchor(EPOCH_US - 60_000_000);
    expect(timeline.map('video', 0, micros(EPOCH_US))).toBe(EPOCH_US);
  });

  it('finds the anchor also when the timestamps wrap between the first samples', () => {
    const timeline = new Timeline();
    timeline.anchor(EPOCH_US - (2 ** 32 - 10) * 1000);
    expect(timeline.map('video', 2 ** 32 - 10, micros(EPOCH_US))).toBe(EPOCH_US);
    expect(timeline.map('audio', 5, micros(EPOCH_US + 15_000))).toBe(EPOCH_US + 15_000);
    expect(timeline.map('video', 30, micros(EPOCH_US + 40_000))).toBe(EPOCH_US + 40_000);
  });

  it.each([
    ['just before the wrap', 2 ** 32 - 100],
    ['at the middle of the circle', 2 ** 31 - 100],
    ['at zero', 0],
  ])('goes on over 32 bits when it starts %s', (_, startMs) => {
    const encoder = new Encoder(startMs);
    const first = encoder.frame();
    const last = encoder.run(10);
    expect(last.video - first.video).toBe(10_000_000);
    expect(last.audio).toBe(last.video);
    expect(encoder.timeline.jumps).toBe(0);
  });

  describe.each([
    ['an hour on', 3_600_000],
    ['an hour back', -3_600_000],
    ['two seconds on', 2_000],
    ['two seconds back', -2_000],
    ['thirty days on, over the middle of the circle', 30 * 86_400_000],
    ['to zero', -500_000],
  ])('when the clock jumps %s', (_, jumpMs) => {
    it.each([
      ['video first', ['video', 'audio'] as const],
      ['audio first', ['audio', 'video'] as const],
    ])('continues at the present, in sync, %s', (_order, tracks) => {
      const encoder = new Encoder(500_000);
      const before = encoder.run(2);
      encoder.startMs += jumpMs;
      const after: Record<'audio' | 'video', number> = { audio: 0, video: 0 };
      for (const track of tracks) after[track] = encoder.send(track);
      expect(after.audio).toBe(after.video);
      expect(after.video - before.video).toBe(40_000);
      encoder.elapsedUs += 40_000;
      expect(encoder.frame().video - after.video).toBe(40_000);
      expect(encoder.timeline.jumps).toBe(1);
    });
  });

  it('keeps the tracks in sync when frames of the other lie between their jumps', () => {
    const encoder = new Encoder();
    encoder.run(2);
    const old = encoder.startMs;
    for (let i = 0; i < 5; i++) {
      encoder.startMs = old + 3_600_000;
      encoder.send('video');
      encoder.startMs = old;
      encoder.send('audio');
      encoder.elapsedUs += 40_000;
    }
    encoder.startMs = old + 3_600_000;
    const { audio, video } = encoder.frame();
    expect(audio).toBe(video);
    expect(Math.abs(video - (encoder.wallUs - 40_000))).toBeLessThan(1_000);
  });

  it('follows one track that begins anew while the other goes on', () => {
    const encoder = new Encoder(1_000_000);
    encoder.run(2);
    const audio = encoder.timeline.map('audio', 0, micros(encoder.wallUs));
    expect(audio).toBe(encoder.wallUs);
    expect(encoder.send('video')).toBe(encoder.wallUs);
  });

  it('leaves media late that a stalled network held back, however long', () => {
    const encoder = new Encoder();
    encoder.run(2);
    const stallUs = 8_000_000;
    // All that was recorded during the stall arrives at once, with its own times.
    for (let i = 0; i < stallUs / 40_000; i++) {
      const mapped = encoder.send('video', stallUs - i * 40_000);
      expect(mapped).toBe(encoder.wallUs);
      encoder.elapsedUs += 40_000;
    }
    expect(encoder.frame().video).toBe(encoder.wallUs - 40_000);
    expect(encoder.timeline.jumps).toBe(0);
  });

  it('never maps two samples of a track to one time, nor backwards', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            track: fc.constantFrom('audio' as const, 'video' as const),
            stepMs: fc.oneof(
              fc.integer({ min: -150, max: 150 }),
              fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
            ),
            gapUs: fc.integer({ min: 0, max: 6_000_000 }),
          }),
          { maxLength: 60 },
        ),
        (samples) => {
          const timeline = new Timeline();
          const last = { audio: 0, video: 0 };
          let clock = 0;
          let nowUs = EPOCH_US;
          for (const { track, stepMs, gapUs } of samples) {
            clock = (((clock + stepMs) % 2 ** 32) + 2 ** 32) % 2 ** 32;
            nowUs += gapUs;
            const mapped = timeline.map(track, clock, micros(nowUs));
            expect(mapped).toBeGreaterThan(last[track]);
            expect(mapped).toBeLessThan(nowUs + 5_000_000);
            last[track] = mapped;
          }
        },
      ),
    );
  });

  it('brings media that was mapped late for good back to the present', () => {
    // Five seconds late in every window: the encoder's clock stands still for a while, then goes on.
    const encoder = new Encoder();
    encoder.run(1);
    encoder.delayUs = 5_000_000;
    encoder.run(25);
    const { video } = encoder.frame();
    expect(Math.abs(video - (encoder.wallUs - 40_000 + 5_000_000))).toBeLessThan(30_000);
    expect(encoder.timeline.jumps).toBe(1);
  });

  it('bears an encoder that runs ten times too fast', () => {
    const timeline = new Timeline();
    let last = 0;
    for (let i = 0; i < 5_000; i++) {
      const nowUs = EPOCH_US + i * 4_000;
      const mapped = timeline.map('video', i * 40, micros(nowUs));
      expect(mapped).toBeGreaterThan(last);
      expect(mapped).toBeLessThan(nowUs + 4_100_000);
      last = mapped;
    }
  });
});

describe('the slew of Timeline', () => {
  it('moves the media earlier after a late first sample, gently', () => {
    const encoder = new Encoder();
    encoder.delayUs = 200_000;
    encoder.frame();
    encoder.delayUs = 0;
    let last = encoder.frame().video;
    for (let i = 0; i < 3_000; i++) {
      const { video, audio } = encoder.frame();
      expect(audio).toBe(video);
      // 2 ms a second: at most 80 µs in 40 ms.
      expect(Math.abs(video - last - 40_000)).toBeLessThanOrEqual(81);
      last = video;
    }
    expect(Math.abs(last - (encoder.wallUs - 40_000))).toBeLessThan(25_000);
  });

  it('leaves drift below the dead zone alone', () => {
    const encoder = new Encoder();
    encoder.frame();
    encoder.delayUs = 15_000;
    const before = encoder.frame().video;
    const after = encoder.run(60).video;
    expect(after - before).toBe(60_000_000);
    expect(encoder.timeline.driftUs).toBe(15_000);
  });

  it.each([100, -100])(
    'holds a clock that is %d ppm off to the wall for 24 hours, both tracks alike',
    (ppm) => {
      const encoder = new Encoder(2 ** 32 - 3_600_000);
      encoder.ppm = ppm;
      let worstUs = 0;
      let last = 0;
      const frames = (24 * 3600 * 1000) / FRAME_MS;
      for (let i = 0; i < frames; i++) {
        const { audio, video } = encoder.frame();
        if (audio !== video || video <= last) throw new Error(`out of step at frame ${i}`);
        worstUs = Math.max(worstUs, Math.abs(video - (encoder.wallUs - FRAME_MS * 1000)));
        last = video;
      }
      // The dead zone, one window of drift, and the rounding of the encoder's milliseconds.
      expect(worstUs).toBeLessThan(25_000);
      // A fast clock has gained 8.64 s in a day; drift is positive for a slow one.
      expect(encoder.timeline.driftUs / 1e6).toBeCloseTo((-ppm * 86_400) / 1e6, 0);
      expect(encoder.timeline.jumps).toBe(0);
    },
  );
});
