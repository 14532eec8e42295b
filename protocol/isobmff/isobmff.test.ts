import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAvTag } from '../flv/av.ts';
import { FlvReader } from '../flv/tag.ts';
import { parseAvcConfig } from '../h264/avcc.ts';
import { box, fullBox, u32 } from './box.ts';
import { type FragmentSample, type FragmentTrack, fragment } from './fragment.ts';
import { type InitTrack, initSegment } from './init.ts';
import { BoxCutter, parseMoof, parseMoov, type TopLevelBox } from './read.ts';

const FPS = 25;
const VIDEO_TIMESCALE = 25_000;
const AUDIO_RATE = 48_000;
/** An epoch time in seconds: the 64-bit decode times of the live path are of this size. */
const EPOCH_S = 1_800_000_000;

interface Encoded {
  avcConfig: Uint8Array;
  aacConfig: Uint8Array;
  video: FragmentSample[];
  audio: FragmentSample[];
}

/** Real H.264 with B-frames and real AAC. */
function encode(): Encoded {
  const flv = execFileSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=322x182:rate=${FPS}`],
      ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${AUDIO_RATE}`, '-t', '2'],
      ...[
        '-c:v',
        'libx264',
        '-bf',
        '2',
        '-g',
        '25',
        '-pix_fmt',
        'yuv420p',
        '-c:a',
        'aac',
        '-ac',
        '2',
      ],
      ...['-f', 'flv', 'pipe:1'],
    ],
    { maxBuffer: 1 << 26 },
  );
  const encoded: Encoded = {
    avcConfig: new Uint8Array(),
    aacConfig: new Uint8Array(),
    video: [],
    audio: [],
  };
  const reader = new FlvReader({
    maxBodyBytes: 1 << 22,
    onTag: (tag) => {
      const av = parseAvTag(tag.type, tag.body);
      if (av.kind === 'video-config') encoded.avcConfig = av.config;
      if (av.kind === 'audio-config') encoded.aacConfig = av.config;
      if (av.kind === 'video') {
        encoded.video.push({
          duration: VIDEO_TIMESCALE / FPS,
          compositionOffset: (av.compositionMs * VIDEO_TIMESCALE) / 1000,
          key: av.key,
          data: av.payload,
        });
      }
      if (av.kind === 'audio') {
        encoded.audio.push({ duration: 1024, compositionOffset: 0, key: true, data: av.payload });
      }
    },
  });
  reader.push(flv);
  return encoded;
}

let media: Encoded;
let tracks: InitTrack[];

beforeAll(() => {
  media = encode();
  const { width, height } = parseAvcConfig(media.avcConfig).sps;
  tracks = [
    {
      kind: 'video',
      trackId: 1,
      timescale: VIDEO_TIMESCALE,
      width,
      height,
      avcConfig: media.avcConfig,
    },
    { kind: 'audio', trackId: 2, timescale: AUDIO_RATE, channels: 2, aacConfig: media.aacConfig },
  ];
});

/** The whole of it in fragments of ten frames each, with their sound. */
function fragments(): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0, n = 1; at < media.video.length; at += 10, n++) {
    const sound = media.audio.slice(Math.ceil(at * 1.875), Math.ceil((at + 10) * 1.875));
    parts.push(
      fragment(n, [
        {
          trackId: 1,
          baseDecodeTime: EPOCH_S * VIDEO_TIMESCALE + at * 1000,
          samples: media.video.slice(at, at + 10),
        },
        {
          trackId: 2,
          baseDecodeTime: EPOCH_S * AUDIO_RATE + Math.ceil(at * 1.875) * 1024,
          samples: sound,
        },
      ]),
    );
  }
  return parts;
}

function probe(
  file: Uint8Array,
  ...args: string[]
): { streams: Record<string, unknown>[]; packets: Record<string, string>[] } {
  return JSON.parse(
    execFileSync('ffprobe', ['-v', 'error', '-of', 'json', ...args, '-i', 'pipe:0'], {
      input: file,
      maxBuffer: 1 << 26,
    }).toString(),
  );
}

function boxes(file: Uint8Array): TopLevelBox[] {
  const found: TopLevelBox[] = [];
  new BoxCutter(1 << 26, (b) => found.push(b)).push(file);
  return found;
}

describe('initSegment and fragment', () => {
  it('are read by ffprobe as they were meant', () => {
    const file = Buffer.concat([initSegment(tracks), ...fragments()]);
    const { streams } = probe(file, '-show_streams');
    expect(streams).toHaveLength(2);
    expect(streams[0]).toMatchObject({
      codec_name: 'h264',
      width: 322,
      height: 182,
      time_base: '1/25000',
      avg_frame_rate: '25/1',
      sample_aspect_ratio: '1:1',
    });
    expect(streams[1]).toMatchObject({ codec_name: 'aac', sample_rate: '48000', channels: 2 });
    const { packets } = probe(file, '-show_packets');
    const video = packets.filter((p) => p['codec_type'] === 'video');
    expect(video.map((p) => Number(p['dts']))).toEqual(
      media.video.map((_, i) => EPOCH_S * VIDEO_TIMESCALE + i * 1000),
    );
    expect(video.map((p) => Number(p['pts']) - Number(p['dts']))).toEqual(
      media.video.map((s) => s.compositionOffset),
    );
    expect(video.map((p) => p['flags']?.startsWith('K'))).toEqual(media.video.map((s) => s.key));
    expect(video.map((p) => Number(p['size']))).toEqual(media.video.map((s) => s.data.length));
    const audio = packets.filter((p) => p['codec_type'] === 'audio');
    expect(audio.map((p) => Number(p['pts']))).toEqual(
      media.audio.slice(0, audio.length).map((_, i) => EPOCH_S * AUDIO_RATE + i * 1024),
    );
  });

  it('decode without a single complaint', () => {
    const file = Buffer.concat([initSegment(tracks), ...fragments()]);
    const frames = execFileSync(
      'ffmpeg',
      ['-v', 'error', '-xerror', '-i', 'pipe:0', '-map', '0:v', '-f', 'framehash', 'pipe:1'],
      { input: file },
    );
    expect(frames.toString().match(/^0,/gm)).toHaveLength(media.video.length);
  });

  it('are read by our own reader as they were meant', () => {
    const init = boxes(initSegment(tracks));
    expect(init.map((b) => b.type)).toEqual(['ftyp', 'moov']);
    expect(parseMoov(init[1]!.bytes)).toEqual([
      { trackId: 1, kind: 'video', timescale: VIDEO_TIMESCALE },
      { trackId: 2, kind: 'audio', timescale: AUDIO_RATE },
    ]);
    const [first] = fragments();
    const [moof, mdat] = boxes(first!);
    const [video, audio] = parseMoof(moof!.bytes, mdat!.bytes.length);
    expect(video).toEqual({
      trackId: 1,
      baseDecodeTime: EPOCH_S * VIDEO_TIMESCALE,
      duration: 10_000,
      sampleCount: 10,
      startsWithKey: true,
      firstSample: { offset: moof!.bytes.length + 8, size: media.video[0]!.data.length },
    });
    expect(audio).toMatchObject({
      trackId: 2,
      baseDecodeTime: EPOCH_S * AUDIO_RATE,
      sampleCount: 19,
    });
  });

  it('take an AudioSpecificConfig of any length', () => {
    const aacConfig = new Uint8Array(200).fill(1);
    const [, moov] = boxes(
      initSegment([{ ...(tracks[1] as InitTrack & { kind: 'audio' }), aacConfig }]),
    );
    const at = Buffer.from(moov!.bytes).indexOf('esds');
    // ES_Descriptor: version and flags, tag 3, size in four bytes: 3 + 5 + 13 + 5 + 200 + 6 = 232.
    expect(
      Buffer.from(moov!.bytes)
        .subarray(at + 8, at + 13)
        .toString('hex'),
    ).toBe('03808081' + '68');
    expect(Buffer.from(moov!.bytes).includes(Buffer.from(aacConfig))).toBe(true);
  });

  it('leave out tracks without samples', () => {
    const sample: FragmentSample = {
      duration: 1,
      compositionOffset: 0,
      key: true,
      data: Uint8Array.of(1),
    };
    const [moof, mdat] = boxes(
      fragment(1, [
        { trackId: 1, baseDecodeTime: 0, samples: [] },
        { trackId: 2, baseDecodeTime: 5, samples: [sample] },
      ]),
    );
    expect(parseMoof(moof!.bytes, mdat!.bytes.length).map((t) => t.trackId)).toEqual([2]);
  });

  it('come back from the reader whatever they hold', () => {
    const sample = fc.record({
      duration: fc.nat({ max: 100_000 }),
      compositionOffset: fc.integer({ min: -100_000, max: 100_000 }),
      key: fc.boolean(),
      data: fc.uint8Array({ minLength: 1, maxLength: 50 }),
    });
    const track = fc.record({
      trackId: fc.integer({ min: 1, max: 0xffffffff }),
      baseDecodeTime: fc.nat({ max: Number.MAX_SAFE_INTEGER - 10_000_000 }),
      samples: fc.array(sample, { minLength: 1, maxLength: 10 }),
    });
    fc.assert(
      fc.property(fc.array(track, { minLength: 1, maxLength: 3 }), (list: FragmentTrack[]) => {
        const [moof, mdat] = boxes(fragment(7, list));
        const back = parseMoof(moof!.bytes, mdat!.bytes.length);
        const whole = Buffer.concat([moof!.bytes, mdat!.bytes]);
        expect(back.length).toBe(list.length);
        back.forEach((info, i) => {
          const { trackId, baseDecodeTime, samples } = list[i]!;
          expect(info).toMatchObject({
            trackId,
            baseDecodeTime,
            duration: samples.reduce((sum, s) => sum + s.duration, 0),
            sampleCount: samples.length,
            startsWithKey: samples[0]!.key,
          });
          const { offset, size } = info.firstSample;
          expect(new Uint8Array(whole.subarray(offset, offset + size))).toEqual(samples[0]!.data);
        });
      }),
    );
  });
});

describe('BoxCutter', () => {
  it('gives the same boxes however the bytes are chunked', () => {
    const content = fc.record({
      type: fc.constantFrom('moof', 'mdat', 'styp', 'free'),
      body: fc.uint8Array({ maxLength: 200 }),
    });
    fc.assert(
      fc.property(
        fc.array(content, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 }),
        (list, cuts) => {
          const file = Buffer.concat(list.map(({ type, body }) => box(type, body)));
          const found: { type: string; body: Uint8Array }[] = [];
          const cutter = new BoxCutter(1000, ({ type, bytes }) =>
            found.push({ type, body: new Uint8Array(bytes.subarray(8)) }),
          );
          for (let at = 0, i = 0; at < file.length; i++) {
            const length = cuts[i % cuts.length]!;
            cutter.push(file.subarray(at, at + length));
            at += length;
          }
          expect(found).toEqual(list);
          expect(cutter.pending).toBe(0);
        },
      ),
    );
  });

  it('says how much of a box is still under way', () => {
    const cutter = new BoxCutter(1000, () => {});
    cutter.push(box('mdat', new Uint8Array(20)).subarray(0, 21));
    expect(cutter.pending).toBe(21);
  });

  it.each([
    // A size of 1 announces 64 bits, 0 means "to the end": neither has a place in a push.
    [0],
    [1],
    [7],
    [1001],
    [0xffffffff],
  ])('refuses a box of size %d', (size) => {
    const head = new Uint8Array([...u32(size), ...Buffer.from('mdat')]);
    expect(() => new BoxCutter(1000, () => {}).push(head)).toThrow(RangeError);
  });
});

describe('parseMoov', () => {
  const mdhd = (timescale: number) => fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0, 0));
  const hdlr = (type: string) => fullBox('hdlr', 0, 0, u32(0), Buffer.from(type), u32(0, 0, 0));
  const tkhd = (id: number) => fullBox('tkhd', 0, 7, u32(0, 0, id, 0, 0));
  const trak = (id: number, timescale: number, handler: string) =>
    box('trak', tkhd(id), box('mdia', mdhd(timescale), hdlr(handler)));

  it('reads version 1 headers with their 64-bit times', () => {
    const moov = box(
      'moov',
      box(
        'trak',
        fullBox('tkhd', 1, 7, u32(0, 0, 0, 0, 9, 0)),
        box('mdia', fullBox('mdhd', 1, 0, u32(0, 0, 0, 0, 600, 0, 0)), hdlr('soun')),
      ),
    );
    expect(parseMoov(moov)).toEqual([{ trackId: 9, kind: 'audio', timescale: 600 }]);
  });

  it.each([
    ['no track', box('moov')],
    ['a track without an id', box('moov', trak(0, 1000, 'vide'))],
    ['a track without a timescale', box('moov', trak(1, 0, 'vide'))],
    ['a track of another kind', box('moov', trak(1, 1000, 'text'))],
    [
      'too many tracks',
      box('moov', ...Array.from({ length: 9 }, (_, i) => trak(i + 1, 1, 'soun'))),
    ],
    ['a header cut off', box('moov', box('trak', fullBox('tkhd', 0, 7, u32(0))))],
    ['a child that is larger than its parent', box('moov', Uint8Array.of(0, 0, 1, 0, 1, 2, 3, 4))],
    ['a child that is smaller than its header', box('moov', Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4))],
    ['bytes that are no box', box('moov', Uint8Array.of(1, 2, 3))],
  ])('refuses %s', (_, moov) => {
    expect(() => parseMoov(moov)).toThrow(RangeError);
  });
});

describe('parseMoof', () => {
  const MOOF_BASE = 0x020000;
  const tfhd = (flags = MOOF_BASE, ...fields: number[]) =>
    fullBox('tfhd', 0, flags, u32(1, ...fields));
  const tfdt = fullBox('tfdt', 0, 0, u32(90));
  const trun = (flags: number, ...fields: number[]) => fullBox('trun', 0, flags, u32(...fields));
  const moof = (...traf: Uint8Array[]) => box('moof', box('traf', ...traf));

  it('takes sizes, durations and flags from the track fragment where the run has none', () => {
    // Default duration, size and flags (non-sync); the first sample's flags say that it is a key.
    const bytes = moof(
      tfhd(MOOF_BASE | 0x08 | 0x10 | 0x20, 40, 10, 0x010000),
      tfdt,
      trun(0x04, 3, 0x02000000),
    );
    expect(parseMoof(bytes, 8 + 30)).toEqual([
      {
        trackId: 1,
        baseDecodeTime: 90,
        duration: 120,
        sampleCount: 3,
        startsWithKey: true,
        firstSample: { offset: bytes.length + 8, size: 10 },
      },
    ]);
  });

  it.each([
    ['no track fragment', box('moof'), 8],
    ['no decode time', moof(tfhd(), trun(0x200, 1, 4)), 12],
    ['no sample', moof(tfhd(), tfdt, trun(0x200, 0)), 12],
    ['no track id', moof(tfdt, trun(0x200, 1, 4)), 12],
    [
      'offsets that count from the file',
      moof(tfhd(MOOF_BASE | 1, 0, 0), tfdt, trun(0x200, 1, 4)),
      12,
    ],
    ['offsets that count from nowhere', moof(tfhd(0), tfdt, trun(0x200, 1, 4)), 12],
    ['a sample longer than the mdat', moof(tfhd(), tfdt, trun(0x200, 1, 5)), 12],
    ['a sample that begins inside the moof', moof(tfhd(), tfdt, trun(0x201, 1, 10, 4)), 12],
    ['a sample before the file', moof(tfhd(), tfdt, trun(0x201, 1, -4, 4)), 12],
    ['more samples than it lists', moof(tfhd(), tfdt, trun(0x200, 3, 1)), 12],
    ['a flood of samples without bytes', moof(tfhd(), tfdt, trun(0, 0xffffffff)), 12],
    [
      'a decode time beyond reason',
      moof(tfhd(), fullBox('tfdt', 1, 0, u32(0xffffffff, 0)), trun(0x200, 1, 4)),
      12,
    ],
    [
      'too many track fragments',
      box('moof', ...Array.from({ length: 9 }, () => box('traf', tfhd(), tfdt, trun(0x200, 1, 1)))),
      9,
    ],
  ])('refuses %s', (_, bytes, mdatBytes) => {
    expect(() => parseMoof(bytes, mdatBytes)).toThrow(RangeError);
  });
});
