import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aacTagHeader, avcTagHeader, parseAvTag } from './av.ts';
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from './tag.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex'));
const video = (hex: string) => parseAvTag(TAG_VIDEO, bytes(hex));
const audio = (hex: string) => parseAvTag(TAG_AUDIO, bytes(hex));

describe('parseAvTag with a legacy video tag (E.4.3)', () => {
  it('finds the decoder configuration behind AVCPacketType 0', () => {
    // FrameType 1, CodecID 7; AVC sequence header; CompositionTime 0.
    expect(video('17 00 000000 0142')).toEqual({
      kind: 'video-config',
      codec: 'h264',
      config: bytes('0142'),
    });
  });

  it.each([
    ['17 01 000000', true, 0],
    ['27 01 000042', false, 66],
    ['27 01 ffffdf', false, -33],
    ['27 01 7fffff', false, 0x7fffff],
    ['27 01 800000', false, -0x800000],
    // Disposable inter frame.
    ['37 01 000000', false, 0],
  ])('reads the access unit behind %s', (head, key, compositionMs) => {
    expect(video(`${head} 00000001 65`)).toEqual({
      kind: 'video',
      codec: 'h264',
      key,
      compositionMs,
      payload: bytes('00000001 65'),
    });
  });

  it.each([
    ['17 02 000000', 'end of sequence'],
    ['17 01 000000', 'an access unit without bytes'],
    ['57 00', 'a command frame'],
  ])('finds nothing in %s: %s', (hex) => {
    expect(video(hex)).toEqual({ kind: 'other' });
  });

  it.each([
    ['12 00', 'Sorenson H.263'],
    ['14 00', 'VP6'],
    ['1c 00', 'HEVC (legacy id)'],
    ['1f 00', 'codec 15'],
  ])('names the codec of %s', (hex, codec) => {
    expect(video(hex)).toEqual({ kind: 'unsupported', track: 'video', codec });
  });

  it.each([['17'], ['17 01 0000'], ['']])('throws for "%s", which is cut off', (hex) => {
    expect(() => video(hex)).toThrow(RangeError);
  });
});

describe('parseAvTag with a legacy audio tag (E.4.2)', () => {
  it('tells the AudioSpecificConfig from a raw frame', () => {
    // SoundFormat 10, 44 kHz, 16 bits, stereo; then AACPacketType.
    expect(audio('af 00 1190')).toEqual({
      kind: 'audio-config',
      codec: 'aac',
      config: bytes('1190'),
    });
    expect(audio('af 01 2110')).toEqual({ kind: 'audio', codec: 'aac', payload: bytes('2110') });
    expect(audio('af 01')).toEqual({ kind: 'other' });
  });

  it.each([
    ['2f 00', 'MP3'],
    ['7f 00', 'G.711 A-law'],
    ['bf 00', 'Speex'],
    ['ff 00', 'format 15'],
  ])('names the codec of %s', (hex, codec) => {
    expect(audio(hex)).toEqual({ kind: 'unsupported', track: 'audio', codec });
  });

  it('throws for an empty body and for AAC without a packet type', () => {
    expect(() => audio('')).toThrow(RangeError);
    expect(() => audio('af')).toThrow(RangeError);
  });
});

// 'avc1' 61766331, 'hvc1' 68766331, 'mp4a' 6d703461, 'Opus' 4f707573.
describe('parseAvTag with an Enhanced RTMP v2 header', () => {
  it('carries H.264 and AAC under their FourCC', () => {
    expect(video('90 61766331 0142')).toMatchObject({
      kind: 'video-config',
      config: bytes('0142'),
    });
    // CodedFrames with a composition time of -1 ms; CodedFramesX without one.
    expect(video('a1 61766331 ffffff aa')).toMatchObject({ key: false, compositionMs: -1 });
    expect(video('93 61766331 aa')).toMatchObject({ key: true, compositionMs: 0 });
    expect(audio('90 6d703461 1190')).toMatchObject({ kind: 'audio-config' });
    expect(audio('91 6d703461 2110')).toMatchObject({ kind: 'audio', payload: bytes('2110') });
  });

  it.each([
    ['video' as const, '90 68766331 00', 'HEVC'],
    ['video' as const, '91 61763031 00', 'AV1'],
    ['audio' as const, '91 4f707573 00', 'Opus'],
    ['audio' as const, '91 01020304 00', '????'],
  ])('names the codec of the %s tag %s', (track, hex, codec) => {
    const tag = track === 'video' ? video(hex) : audio(hex);
    expect(tag).toEqual({ kind: 'unsupported', track, codec });
  });

  it('finds nothing to decode in metadata, ends of sequence and commands', () => {
    for (const hex of ['94 61766331 00', '92 61766331', 'd1 00']) {
      expect(video(hex)).toEqual({ kind: 'other' });
    }
    expect(audio('92 6d703461')).toEqual({ kind: 'other' });
  });

  it('steps over ModEx data, short and long', () => {
    // ModEx, 3 + 1 bytes of data, then type 0 and the packet type CodedFramesX.
    expect(video('97 03 00000000 03 61766331 aa')).toMatchObject({ kind: 'video' });
    const long = `97 ff 0100 ${'00'.repeat(257)} 03 61766331 aa`;
    expect(video(long)).toMatchObject({ kind: 'video', payload: bytes('aa') });
    expect(() => video('97 ff')).toThrow(RangeError);
  });

  it('takes track 0 of a multitrack message and leaves the others', () => {
    // One track: type and packet type, FourCC, track id, the rest.
    expect(video('96 03 61766331 00 aabb')).toMatchObject({ payload: bytes('aabb') });
    expect(video('96 03 61766331 01 aabb')).toEqual({ kind: 'other' });
    // Many tracks of one codec: id and size before each.
    expect(video('96 13 61766331 01 000001 aa 00 000002 bbcc')).toMatchObject({
      payload: bytes('bbcc'),
    });
    // Many tracks of many codecs: FourCC before each.
    expect(video('96 23 68766331 01 000001 aa 61766331 00 000001 bb')).toMatchObject({
      kind: 'video',
      payload: bytes('bb'),
    });
    expect(audio('95 01 6d703461 00 2110')).toMatchObject({ kind: 'audio' });
    expect(() => video('96 13 61766331 00 0000ff aa')).toThrow(RangeError);
  });
});

describe('tag headers', () => {
  it('are read back as they were meant', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: -0x800000, max: 0x7fffff }),
        (key, compositionMs) => {
          const body = Uint8Array.of(...avcTagHeader(key, false, compositionMs), 1);
          expect(parseAvTag(TAG_VIDEO, body)).toMatchObject({ kind: 'video', key, compositionMs });
        },
      ),
    );
    expect(parseAvTag(TAG_VIDEO, avcTagHeader(true, true, 0))).toMatchObject({
      kind: 'video-config',
    });
    expect(parseAvTag(TAG_AUDIO, aacTagHeader(true))).toMatchObject({ kind: 'audio-config' });
    expect(parseAvTag(TAG_SCRIPT, Uint8Array.of(2))).toEqual({ kind: 'other' });
  });
});
