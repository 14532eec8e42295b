import { describe, expect, it } from 'vitest';
import { micros } from '#base';
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from '#protocol';
import { media } from '#support';
import { Demuxer } from './demux.ts';
import { Timeline } from './timeline.ts';

const T0 = micros(1_800_000_000_000_000);

function demuxer() {
  const it = new Demuxer(new Timeline());
  return {
    video: (body: Uint8Array, ms = 0) => it.demux(TAG_VIDEO, ms, body, micros(T0 + ms * 1000)),
    audio: (body: Uint8Array, ms = 0) => it.demux(TAG_AUDIO, ms, body, micros(T0 + ms * 1000)),
    script: (body: Uint8Array) => it.demux(TAG_SCRIPT, 0, body, T0),
  };
}

describe('Demuxer.demux', () => {
  it('makes units on the epoch timeline once the configurations are known', () => {
    const { video, audio } = demuxer();
    expect(video(media.videoBody(true)).kind).toBe('dropped');
    expect(audio(media.audioBody()).kind).toBe('dropped');
    expect(video(media.videoConfigBody())).toEqual({
      kind: 'config',
      config: { track: 'video', codec: 'h264', bytes: media.AVC_320 },
    });
    expect(audio(media.audioConfigBody())).toEqual({
      kind: 'config',
      config: { track: 'audio', codec: 'aac', bytes: media.AAC_48K_STEREO },
    });
    expect(video(media.videoBody(true), 40)).toMatchObject({
      kind: 'unit',
      unit: { track: 'video', key: true, dts: T0 + 40_000, pts: T0 + 40_000 },
    });
    expect(audio(media.audioBody(), 40)).toMatchObject({
      kind: 'unit',
      unit: { track: 'audio', key: true, dts: T0 + 40_000, pts: T0 + 40_000 },
    });
  });

  it('keeps the composition time of B-frames, before or after', () => {
    const { video } = demuxer();
    video(media.videoConfigBody());
    expect(video(media.videoBody(false, { compositionMs: 80 }))).toMatchObject({
      unit: { dts: T0, pts: T0 + 80_000 },
    });
    expect(video(media.videoBody(false, { compositionMs: -40 }), 40)).toMatchObject({
      unit: { dts: T0 + 40_000, pts: T0 },
    });
    expect(video(media.videoBody(false, { compositionMs: 6_000 }), 80).kind).toBe('dropped');
  });

  it('says nothing of a configuration that is repeated, and tells one that changes', () => {
    const { video, audio } = demuxer();
    video(media.videoConfigBody());
    audio(media.audioConfigBody());
    expect(video(media.videoConfigBody()).kind).toBe('nothing');
    expect(audio(media.audioConfigBody()).kind).toBe('nothing');
    expect(video(media.videoConfigBody(media.AVC_640)).kind).toBe('config');
    expect(audio(media.audioConfigBody(media.AAC_44K_MONO)).kind).toBe('config');
  });

  it('turns NAL lengths of one and two bytes into four', () => {
    for (const lengthSize of [1, 2]) {
      const { video } = demuxer();
      const record = Uint8Array.from(media.AVC_320);
      record[4] = 0xfc | (lengthSize - 1);
      expect(video(media.videoConfigBody(record))).toMatchObject({
        config: { bytes: media.AVC_320 },
      });
      const nal = [...new Array(lengthSize - 1).fill(0), 2, 0x65, 0x88];
      const body = Uint8Array.of(0x17, 1, 0, 0, 0, ...nal, ...nal);
      expect(video(body)).toMatchObject({
        kind: 'unit',
        unit: { payload: Uint8Array.of(0, 0, 0, 2, 0x65, 0x88, 0, 0, 0, 2, 0x65, 0x88) },
      });
    }
  });

  it.each([
    ['an empty video body', TAG_VIDEO, []],
    ['an empty audio body', TAG_AUDIO, []],
    ['a configuration without an SPS', TAG_VIDEO, [0x17, 0, 0, 0, 0, 1, 66, 0, 30, 0xff, 0xe0, 0]],
    ['a configuration cut off', TAG_VIDEO, [0x17, 0, 0, 0, 0, 1, 66]],
    ['sound with a configuration that is reserved', TAG_AUDIO, [0xaf, 0, 0x16, 0xff]],
    ['a NAL length that lies', TAG_VIDEO, [0x17, 1, 0, 0, 0, 0, 0, 0, 9, 0x65]],
    ['a leftover behind the last NAL unit', TAG_VIDEO, [0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65, 7]],
  ])('drops %s', (_, type, bytes) => {
    const it = new Demuxer(new Timeline());
    it.demux(TAG_VIDEO, 0, media.videoConfigBody(), T0);
    it.demux(TAG_AUDIO, 0, media.audioConfigBody(), T0);
    expect(it.demux(type, 0, Uint8Array.from(bytes), T0)).toEqual({ kind: 'dropped' });
  });

  it('keeps the configuration in force when a damaged one comes', () => {
    const { video } = demuxer();
    video(media.videoConfigBody());
    video(Uint8Array.of(0x17, 0, 0, 0, 0, 9));
    expect(video(media.videoBody(true)).kind).toBe('unit');
  });

  it('names codecs that it does not take', () => {
    const { video, audio } = demuxer();
    expect(video(Uint8Array.of(0x12, 0))).toEqual({
      kind: 'unsupported',
      track: 'video',
      codec: 'Sorenson H.263',
    });
    expect(audio(Uint8Array.of(0x2f, 0))).toMatchObject({ kind: 'unsupported', codec: 'MP3' });
  });

  it('finds nothing in ends of sequence and script data', () => {
    const { video, script } = demuxer();
    expect(video(Uint8Array.of(0x17, 2, 0, 0, 0)).kind).toBe('nothing');
    expect(script(Uint8Array.of(2, 0, 0)).kind).toBe('nothing');
  });
});
