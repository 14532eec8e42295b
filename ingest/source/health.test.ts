import { describe, expect, it } from 'vitest';
import { micros } from '#base';
import type { MediaUnit } from '#contracts';
import { media } from '#support';
import { HealthMeter } from './health.ts';

const ABOUT = { sourceId: 'cam', connected: true, driftMs: 0, jumps: 0 };

function frame(ms: number, key: boolean, bytes: number, compositionMs = 0): MediaUnit {
  const dts = micros(ms * 1000);
  const pts = micros((ms + compositionMs) * 1000);
  return { track: 'video', codec: 'h264', dts, pts, key, payload: new Uint8Array(bytes) };
}

function sound(ms: number, bytes: number): MediaUnit {
  const pts = micros(ms * 1000);
  return { track: 'audio', codec: 'aac', dts: pts, pts, key: true, payload: new Uint8Array(bytes) };
}

const configured = () => {
  const meter = new HealthMeter();
  meter.onConfig({ track: 'video', codec: 'h264', bytes: media.AVC_320 });
  meter.onConfig({ track: 'audio', codec: 'aac', bytes: media.AAC_44K_MONO });
  return meter;
};

describe('HealthMeter', () => {
  it('measures size, rates, key interval and sound', () => {
    const meter = configured();
    meter.encoder = 'obs';
    for (let ms = 0; ms < 10_000; ms += 40) {
      meter.onUnit(frame(ms, ms % 2_000 === 0, 5_000), ms);
      meter.onUnit(sound(ms, 400), ms);
    }
    expect(meter.read(10_000, ABOUT)).toMatchObject({
      connected: true,
      encoder: 'obs',
      video: {
        codec: 'H.264',
        width: 320,
        height: 240,
        fps: 25,
        bitsPerSecond: 1_000_000,
        gopSeconds: 2,
        bFrames: false,
      },
      audio: { codec: 'AAC', sampleRate: 44_100, channels: 1, bitsPerSecond: 80_000 },
      dropped: 0,
    });
  });

  it('knows nothing of a track without a configuration', () => {
    const health = new HealthMeter().read(0, ABOUT);
    expect(health.video).toBeUndefined();
    expect(health.audio).toBeUndefined();
    expect(health.advice.map(({ code }) => code)).toEqual(['no_video', 'no_audio']);
  });

  it('sees B-frames', () => {
    const meter = configured();
    meter.onUnit(frame(0, true, 1, 80), 0);
    expect(meter.read(0, ABOUT).video?.bFrames).toBe(true);
  });

  it('sees that key frames have stopped before the next one comes, if it ever does', () => {
    const meter = configured();
    for (let ms = 0; ms < 30_000; ms += 40)
      meter.onUnit(frame(ms, ms <= 2_000 && ms % 2_000 === 0, 1), ms);
    const { video, advice } = meter.read(30_000, ABOUT);
    expect(video?.gopSeconds).toBeGreaterThan(27);
    expect(advice.map(({ code }) => code)).toContain('gop_long');
    const endless = configured();
    for (let ms = 0; ms < 10_000; ms += 40) endless.onUnit(frame(ms, ms === 0, 1), ms);
    expect(endless.read(10_000, ABOUT).video?.gopSeconds).toBeGreaterThan(9);
  });

  it('shows what comes out of HE-AAC, not its core', () => {
    const meter = new HealthMeter();
    // Object type 29 (PS), 24 kHz, mono; extension 48 kHz; core LC.
    const bytes = Uint8Array.of(0b11101011, 0b00001001, 0b10001000, 0);
    meter.onConfig({ track: 'audio', codec: 'aac', bytes });
    expect(meter.read(0, ABOUT).audio).toMatchObject({ sampleRate: 48_000, channels: 2 });
  });

  it('passes on what was damaged and what is not taken', () => {
    const meter = configured();
    meter.dropped = 7;
    meter.onUnsupported('HEVC');
    const { dropped, advice } = meter.read(0, ABOUT);
    expect(dropped).toBe(7);
    expect(advice.map(({ code }) => code)).toEqual(['codec_unsupported', 'dropped']);
  });
});
