import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  iframePlaylist,
  type MediaPlaylist,
  mediaPlaylist,
  type PlaylistPart,
  type PlaylistSegment,
} from './media.ts';
import { multivariantPlaylist } from './multivariant.ts';

const T0 = Date.parse('2026-01-02T03:04:05.000Z') * 1000;

function segment(number: number, change: Partial<PlaylistSegment> = {}): PlaylistSegment {
  return {
    number,
    uri: `${number}.m4s`,
    startUs: T0 + (number - 100) * 2_000_000,
    durationUs: 2_000_000,
    gap: false,
    init: 'init-0.mp4',
    parts: [],
    complete: true,
    discontinuity: false,
    ...change,
  };
}

const part = (uri: string, change: Partial<PlaylistPart> = {}): PlaylistPart => ({
  uri,
  durationUs: 1_000_000,
  independent: false,
  gap: false,
  ...change,
});

const LOW_LATENCY: NonNullable<MediaPlaylist['lowLatency']> = {
  partTargetUs: 1_000_000,
  preloadHint: '102.1.m4s',
  reports: [{ uri: '../low/media.m3u8', lastMsn: 102, lastPart: 0 }],
};

const CONTROL: NonNullable<MediaPlaylist['control']> = {
  partHoldBackUs: 3_000_000,
  holdBackUs: 6_000_000,
  canSkipUntilUs: 12_000_000,
};

const playlist = (change: Partial<MediaPlaylist> = {}): MediaPlaylist => ({
  segments: [segment(100), segment(101)],
  discontinuitySequence: 0,
  targetDuration: 2,
  ended: false,
  ...change,
});

describe('mediaPlaylist', () => {
  it('writes a plain playlist', () => {
    expect(mediaPlaylist(playlist())).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2.00000,
100.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXTINF:2.00000,
101.m4s
`);
  });

  it('writes a low-latency playlist with the segment under way', () => {
    const recent = [part('101.0.m4s', { independent: true }), part('101.1.m4s')];
    const segments = [
      segment(100),
      segment(101, { parts: recent }),
      segment(102, { complete: false, parts: [part('102.0.m4s', { independent: true })] }),
    ];
    expect(
      mediaPlaylist(playlist({ segments, control: CONTROL, lowLatency: LOW_LATENCY })),
    ).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.00000,PART-HOLD-BACK=3.00000,HOLD-BACK=6.00000
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-PART-INF:PART-TARGET=1.00000
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2.00000,
100.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXT-X-PART:DURATION=1.00000,URI="101.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.00000,URI="101.1.m4s"
#EXTINF:2.00000,
101.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z
#EXT-X-PART:DURATION=1.00000,URI="102.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="102.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../low/media.m3u8",LAST-MSN=102,LAST-PART=0
`);
  });

  it('marks what is missing, in parts and in whole', () => {
    const parts = [part('101.0.m4s'), part('101.1.m4s', { gap: true })];
    const segments = [segment(100, { gap: true }), segment(101, { parts })];
    const text = mediaPlaylist(playlist({ segments, control: CONTROL, lowLatency: LOW_LATENCY }));
    expect(text).toContain('#EXT-X-GAP\n#EXTINF:2.00000,\n100.m4s');
    expect(text).toContain('URI="101.1.m4s",GAP=YES');
    expect(text.match(/GAP/g)).toHaveLength(2);
  });

  it('names the initialization segment and the discontinuity where they change', () => {
    const segments = [
      segment(100),
      segment(101),
      segment(102, { init: 'init-1.mp4', discontinuity: true }),
      segment(103, { init: 'init-1.mp4' }),
    ];
    const text = mediaPlaylist(playlist({ segments, discontinuitySequence: 4 }));
    expect(text.match(/#EXT-X-MAP.*/g)).toEqual([
      '#EXT-X-MAP:URI="init-0.mp4"',
      '#EXT-X-MAP:URI="init-1.mp4"',
    ]);
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:4\n');
    expect(text).toContain('101.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"');
  });

  it('takes the variable of a private event, and the version that needs', () => {
    const define = '#EXT-X-DEFINE:QUERYPARAM="token"';
    const queryParam = 'token';
    const segments = [segment(100, { uri: '100.m4s?token={$token}' })];
    const text = mediaPlaylist(
      playlist({ segments, queryParam, control: CONTROL, lowLatency: LOW_LATENCY }),
    );
    expect(text).toContain('#EXT-X-VERSION:11\n');
    expect(text.indexOf(define)).toBeLessThan(text.indexOf('{$token}'));
    expect(violations(text)).toEqual([]);
  });

  it('hints at nothing and reports nothing once it has ended', () => {
    const text = mediaPlaylist(
      playlist({ ended: true, control: CONTROL, lowLatency: LOW_LATENCY }),
    );
    expect(text).toMatch(/\n#EXT-X-ENDLIST\n$/);
    expect(text).not.toMatch(/PRELOAD-HINT|RENDITION-REPORT/);
  });

  it('is a playlist also before there is anything in it', () => {
    const text = mediaPlaylist(playlist({ segments: [] }));
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:0');
    expect(violations(text)).toEqual([]);
  });
});

describe('a delta update', () => {
  const many = Array.from({ length: 20 }, (_, i) => segment(100 + i));
  const delta = (segments: PlaylistSegment[]) =>
    mediaPlaylist(playlist({ segments, control: CONTROL, lowLatency: LOW_LATENCY, skip: true }));

  it('leaves out what lies further back than the skip boundary', () => {
    const text = delta(many);
    // 20 segments of 2 s, boundary 12 s: the six newest and the one that ends on the boundary stay.
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:100\n');
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=13\n');
    expect(text.match(/#EXTINF/g)).toHaveLength(7);
    expect(text).not.toContain('#EXT-X-MAP');
  });

  it('names the initialization segment when it has changed behind the boundary', () => {
    const changed = many.map((s) => (s.number < 113 ? s : { ...s, init: 'init-1.mp4' }));
    expect(delta(changed)).toContain('#EXT-X-MAP:URI="init-1.mp4"');
  });

  it('is the whole playlist while that is short', () => {
    expect(delta(many.slice(0, 6))).not.toContain('SKIP:');
    expect(delta([])).not.toContain('SKIP:');
  });

  it('gives the full playlist together with an older one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 3 }),
        (count, change) => {
          const segments = Array.from({ length: count }, (_, i) =>
            segment(100 + i, { init: `init-${Math.floor((i * (change + 1)) / 20)}.mp4` }),
          );
          const full = mediaPlaylist(
            playlist({ segments, control: CONTROL, lowLatency: LOW_LATENCY }),
          );
          const update = mediaPlaylist(
            playlist({ segments, control: CONTROL, lowLatency: LOW_LATENCY, skip: true }),
          );
          expect(applyDelta(full, update)).toEqual(full.split('\n'));
        },
      ),
    );
  });
});

/** What a client does with a delta update (6.3.7): the skipped segments come from what it had. */
function applyDelta(known: string, update: string): string[] {
  const skipped = Number(update.match(/SKIPPED-SEGMENTS=(\d+)/)?.[1] ?? 0);
  if (skipped === 0) return update.split('\n');
  const lines = known.split('\n');
  const first = lines.findIndex((line) => /^#EXT-X-(MAP|DISCONTINUITY$|PROGRAM)/.test(line));
  let at = first;
  for (let seen = 0; seen < skipped; at++) if (lines[at]?.startsWith('#') === false) seen++;
  return update
    .split('\n')
    .flatMap((line) => (line.startsWith('#EXT-X-SKIP') ? lines.slice(first, at) : [line]));
}

describe('every media playlist', () => {
  const anyPart = fc.record({
    uri: fc.constantFrom('a.m4s', 'b.m4s'),
    durationUs: fc.integer({ min: 1, max: 1_000_000 }),
    independent: fc.boolean(),
    gap: fc.boolean(),
  });
  const anySegment = fc.record({
    durationUs: fc.integer({ min: 1, max: 2_499_000 }),
    gap: fc.boolean(),
    init: fc.constantFrom('init-0.mp4', 'init-1.mp4'),
    discontinuity: fc.boolean(),
    parts: fc.array(anyPart, { maxLength: 4 }),
  });
  const anyPlaylist = fc.record({
    list: fc.array(anySegment, { maxLength: 30 }),
    firstNumber: fc.nat({ max: 2 ** 31 }),
    discontinuitySequence: fc.nat({ max: 5 }),
    ended: fc.boolean(),
    low: fc.boolean(),
    skip: fc.boolean(),
    open: fc.boolean(),
    queryParam: fc.constantFrom(undefined, 'token'),
  });

  it('keeps the rules of the draft', () => {
    fc.assert(
      fc.property(anyPlaylist, ({ list, firstNumber, low, open, queryParam, ...rest }) => {
        let startUs = T0;
        const segments = list.map((s, i) => {
          const made = segment(firstNumber + i, { ...s, startUs });
          startUs += s.durationUs;
          return made;
        });
        const last = segments.at(-1);
        if (open && last !== undefined && !rest.ended) last.complete = false;
        const text = mediaPlaylist({
          segments,
          targetDuration: 2,
          ...rest,
          ...(queryParam === undefined ? {} : { queryParam }),
          ...(low ? { control: CONTROL, lowLatency: LOW_LATENCY } : {}),
        });
        expect(violations(text), text).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('is checked by rules that can fail', () => {
    expect(violations('#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:2.0,\na\n')).not.toEqual([]);
    const text = mediaPlaylist(
      playlist({ lowLatency: LOW_LATENCY, control: { ...CONTROL, partHoldBackUs: 1 } }),
    );
    expect(violations(text)).toEqual(['PART-HOLD-BACK below twice the part target']);
  });
});

/** The rules of draft-pantos-hls-rfc8216bis that can be seen in one playlist's text. */
function violations(text: string): string[] {
  const found: string[] = [];
  const rule = (holds: boolean, what: string) => holds || found.push(what);
  const lines = text.split('\n');
  const number = (name: string) => {
    const value = text.match(new RegExp(`[:,]?${name}[:=]([0-9.]+)`))?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const has = (tag: string) => lines.some((line) => line === tag || line.startsWith(`${tag}:`));
  const index = (tag: string) => lines.findIndex((line) => line.startsWith(tag));
  const version = number('#EXT-X-VERSION') ?? 1;
  const target = number('#EXT-X-TARGETDURATION');
  const partTarget = number('PART-TARGET');
  rule(lines[0] === '#EXTM3U', 'no #EXTM3U at the start (4.4.1.1)');
  rule(lines.at(-1) === '' && !text.includes('\r') && !text.includes('\n\n'), 'broken lines');
  for (const once of [
    'VERSION',
    'TARGETDURATION',
    'MEDIA-SEQUENCE',
    'SERVER-CONTROL',
    'PART-INF',
    'SKIP',
    'ENDLIST',
    'DEFINE',
  ]) {
    const count = lines.filter((l) => l.startsWith(`#EXT-X-${once}`)).length;
    rule(count <= 1, `${once} more than once`);
  }
  rule(target !== undefined && Number.isInteger(target), 'no integer target duration (4.4.3.1)');
  rule(version >= 6 || !has('#EXT-X-MAP'), 'a map needs version 6 (8)');
  rule(version >= 9 || !has('#EXT-X-SKIP'), 'a skip needs version 9 (8)');
  rule(version >= 11 || !text.includes('QUERYPARAM'), 'a query parameter needs version 11 (8)');
  const firstSegment = lines.findIndex(
    (l) =>
      /^#EXTINF|^#EXT-X-(PART|DISCONTINUITY$|MAP)[:]?/.test(l) && !l.startsWith('#EXT-X-PART-INF'),
  );
  for (const head of ['#EXT-X-MEDIA-SEQUENCE', '#EXT-X-DISCONTINUITY-SEQUENCE']) {
    rule(
      firstSegment < 0 || index(head) < firstSegment,
      `${head} behind a segment (4.4.3.2, 4.4.3.3)`,
    );
  }
  lines.forEach((line, i) => {
    const before = lines[i - 1] ?? '';
    const length = Number(line.match(/^#EXTINF:([0-9.]+),/)?.[1] ?? 0);
    rule(Math.round(length) <= (target ?? 0), `segment of ${length} s over the target (4.4.3.1)`);
    rule(
      line.startsWith('#') || line === '' || before.startsWith('#EXTINF'),
      `URI without EXTINF: ${line}`,
    );
    const partLength = Number(line.match(/^#EXT-X-PART:DURATION=([0-9.]+)/)?.[1] ?? 0);
    rule(partLength <= (partTarget ?? 0), `part of ${partLength} s over the part target (4.4.3.7)`);
  });
  rule(!has('#EXT-X-PART') || partTarget !== undefined, 'parts without PART-INF (4.4.3.7)');
  if (partTarget !== undefined && target !== undefined) {
    rule(
      (number('PART-HOLD-BACK') ?? 0) >= 2 * partTarget,
      'PART-HOLD-BACK below twice the part target',
    );
    rule((number(',HOLD-BACK') ?? 0) >= 3 * target, 'HOLD-BACK below three target durations');
    rule(
      (number('CAN-SKIP-UNTIL') ?? 0) >= 6 * target,
      'CAN-SKIP-UNTIL below six target durations',
    );
  }
  const end = index('#EXT-X-ENDLIST');
  rule(
    end < 0 || (end === lines.length - 2 && !has('#EXT-X-PRELOAD-HINT')),
    'something behind the end',
  );
  return found;
}

describe('iframePlaylist', () => {
  it('writes byte ranges of the key frames', () => {
    const frame = (number: number, init = 'init-0.mp4') => ({
      uri: `${number}.m4s`,
      startUs: T0 + (number - 100) * 2_000_000,
      durationUs: 2_000_000,
      byteOffset: 0,
      byteLength: 4321,
      init,
      discontinuity: false,
    });
    expect(
      iframePlaylist({
        frames: [frame(100), frame(101), frame(102, 'init-1.mp4')],
        firstNumber: 100,
        discontinuitySequence: 0,
        targetDuration: 2,
        ended: true,
      }),
    ).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2.00000,
#EXT-X-BYTERANGE:4321@0
100.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXTINF:2.00000,
#EXT-X-BYTERANGE:4321@0
101.m4s
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z
#EXTINF:2.00000,
#EXT-X-BYTERANGE:4321@0
102.m4s
#EXT-X-ENDLIST
`);
  });

  it('takes the variable of a private event', () => {
    const define = '#EXT-X-DEFINE:QUERYPARAM="token"';
    const text = iframePlaylist({
      frames: [],
      firstNumber: 0,
      discontinuitySequence: 0,
      targetDuration: 2,
      ended: false,
      queryParam: 'token',
    });
    expect(text).toContain(`#EXT-X-VERSION:11\n${define}\n#EXT-X-TARGETDURATION:2\n`);
    expect(text).not.toContain('ENDLIST');
  });
});

describe('multivariantPlaylist', () => {
  it('writes variants, sound alone, and I-frames', () => {
    expect(
      multivariantPlaylist({
        variants: [
          {
            uri: '720p/media.m3u8',
            name: '720p',
            bandwidth: 2_900_000.2,
            averageBandwidth: 2_600_000,
            codecs: 'avc1.64001f,mp4a.40.2',
            video: { width: 1280, height: 720, frameRate: 30_000 / 1001 },
          },
          {
            uri: 'audio/media.m3u8',
            name: 'audio',
            bandwidth: 64_000,
            averageBandwidth: 60_000,
            codecs: 'mp4a.40.2',
          },
        ],
        iframes: [
          {
            uri: '720p/iframes.m3u8',
            bandwidth: 99.5,
            codecs: 'avc1.64001f',
            width: 1280,
            height: 720,
          },
        ],
      }),
    ).toBe(`#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2900001,AVERAGE-BANDWIDTH=2600000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,NAME="720p"
720p/media.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=64000,AVERAGE-BANDWIDTH=60000,CODECS="mp4a.40.2",NAME="audio"
audio/media.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="720p/iframes.m3u8"
`);
  });

  it('defines a variable before any URI uses it', () => {
    const define = '#EXT-X-DEFINE:QUERYPARAM="token"';
    const text = multivariantPlaylist({ variants: [], iframes: [], queryParam: 'token' });
    expect(text).toBe(`#EXTM3U\n#EXT-X-VERSION:11\n${define}\n#EXT-X-INDEPENDENT-SEGMENTS\n`);
  });
});
