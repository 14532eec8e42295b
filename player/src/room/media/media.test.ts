import { describe, expect, it, vi } from 'vitest';
import { canBlur } from './background-blur.ts';
import { withSoundRepairs } from './codecs.ts';
import { encodingsFor } from './encodings.ts';
import { gradeOf, type Measured, triesInVain } from './quality.ts';
import { sectionsNeeded } from './receiver.ts';
import { choosePath, RemoteMedia } from './remote-media.ts';
import { SpeakingDetector } from './speaking.ts';
import { between, read } from './stats.ts';
import { differs, Wants } from './wants.ts';

describe('choosePath', () => {
  it.each([
    ['callserver', { mesh: true, callserver: undefined }, 'mesh'],
    ['callserver', { mesh: true, callserver: false }, 'mesh'],
    ['callserver', { mesh: true, callserver: true }, 'callserver'],
    ['callserver', { mesh: false, callserver: false }, 'callserver'],
    ['mesh', { mesh: undefined, callserver: false }, 'callserver'],
    ['mesh', { mesh: false, callserver: true }, 'callserver'],
    ['mesh', { mesh: undefined, callserver: undefined }, undefined],
  ] as const)('prefers %s with %j: %s', (wanted, flows, path) => {
    expect(choosePath(wanted, flows)).toBe(path);
  });
});

describe('RemoteMedia', () => {
  const track = (kind: string) => {
    const events = new EventTarget();
    return Object.assign(events, { kind, id: kind, muted: false, readyState: 'live' });
  };
  const receiver = (sources: unknown[]) => ({ getSynchronizationSources: () => sources });
  const changes: string[] = [];

  it('changes over to a voice once it plays, not when its first packet is there', () => {
    const remote = new RemoteMedia((id) => changes.push(id));
    const played: unknown[] = [];
    const add = (path: 'mesh' | 'callserver', sources: unknown[]) =>
      remote.add('a', path, 'microphone', track('audio') as never, receiver(sources) as never);
    remote.setWanted('callserver');
    add('mesh', [{}]);
    add('callserver', played);
    remote.recheck();
    expect(remote.get('a', 'microphone').path).toBe('mesh');
    expect(remote.get('a', 'microphone').all).toHaveLength(2);
    played.push({});
    changes.length = 0;
    remote.recheck();
    remote.recheck();
    expect(changes).toEqual(['a']);
    expect(remote.get('a', 'microphone').path).toBe('callserver');
    expect(remote.flows('a', 'callserver', 'microphone')).toBe(true);
    remote.remove('a', 'callserver');
    expect(remote.get('a', 'microphone').path).toBe('mesh');
  });

  it('changes over after a second where a browser does not tell what plays', () => {
    vi.useFakeTimers();
    const remote = new RemoteMedia(() => {});
    remote.setWanted('callserver');
    remote.add('a', 'mesh', 'microphone', track('audio') as never, receiver([{}]) as never);
    remote.add('a', 'callserver', 'microphone', track('audio') as never, receiver([]) as never);
    vi.advanceTimersByTime(1_000);
    expect(remote.get('a', 'microphone').path).toBe('mesh');
    vi.advanceTimersByTime(1);
    expect(remote.get('a', 'microphone').path).toBe('callserver');
    vi.useRealTimers();
  });

  it('waits for no second way where there is one only', () => {
    const remote = new RemoteMedia(() => {});
    remote.add('a', 'mesh', 'microphone', track('audio') as never, receiver([]) as never);
    expect(remote.get('a', 'microphone').path).toBe('mesh');
  });
});

describe('encodingsFor', () => {
  it.each([
    [1080, [270, 540, 1080]],
    [720, [180, 360, 720]],
    [540, [135, 270, 540]],
    [480, [240, 480]],
    [269, [269]],
    [180, [180]],
  ])('a picture of %d lines', (lines, sent) => {
    const encodings = encodingsFor(lines);
    expect(encodings.map(({ rid }) => rid)).toEqual(['l', 'm', 'h']);
    const active = encodings.filter((one) => one.active);
    expect(active.map((one) => lines / one.scaleResolutionDownBy)).toEqual(sent);
    const rates = active.map(({ maxBitrate }) => maxBitrate);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
  });
});

describe('sectionsNeeded', () => {
  it('is one for each stream, less those that are there', () => {
    const streams = (['microphone', 'camera', 'screen'] as const).map((media) => ({
      participantId: 'a',
      media,
    }));
    expect(sectionsNeeded(streams, { audio: 0, video: 0 })).toEqual({ audio: 1, video: 2 });
    expect(sectionsNeeded(streams, { audio: 3, video: 1 })).toEqual({ audio: 0, video: 1 });
  });
});

describe('differs', () => {
  const at = (width: number) => ({ width, height: Math.round(width * 0.5625) });
  it.each([
    [undefined, 0, true],
    [0, 0, false],
    [0, 160, true],
    [160, 0, true],
    [600, 620, false],
    [600, 730, true],
    [600, 480, true],
  ])('from %s to %d: %s', (told, now, expected) => {
    expect(differs(told === undefined ? undefined : at(told), at(now))).toBe(expected);
  });
});

describe('SpeakingDetector', () => {
  const levels = (level: number) => new Map([['a', level]]);

  it('hears speech through the pauses between words, and its end', () => {
    const detector = new SpeakingDetector();
    expect(detector.update(levels(0.001), 0).now).toEqual([]);
    expect(detector.update(levels(0.2), 100).now).toEqual(['a']);
    expect(detector.update(levels(0), 700).now).toEqual(['a']);
    expect(detector.update(levels(0), 800).now).toEqual([]);
  });

  it('turns the view to who speaks for a while, not to a cough', () => {
    const detector = new SpeakingDetector();
    expect(detector.update(levels(0.2), 0).lastSpoke).toEqual({});
    expect(detector.update(levels(0.2), 300).lastSpoke).toEqual({});
    expect(detector.update(levels(0.2), 500).lastSpoke).toEqual({ a: 500 });
  });

  it('forgets who is gone', () => {
    const detector = new SpeakingDetector();
    detector.update(levels(0.2), 0);
    expect(detector.update(new Map(), 100).now).toEqual([]);
  });
});

const FINE: Measured = {
  loss: 0,
  roundTripMs: 20,
  jitterMs: 3,
  frozen: 0,
  concealed: 0,
};

describe('gradeOf', () => {
  it.each([
    [{}, 4, undefined],
    [{ loss: 0.019 }, 4, undefined],
    [{ loss: 0.02 }, 3, /2 %/],
    [{ loss: 0.2, frozen: 0.05 }, 1, /20 %/],
    [{ frozen: 0.12 }, 2, /stands still/],
    [{ roundTripMs: 420 }, 2, /420 ms/],
    [{ limitedBy: 'cpu' }, 3, /encode/],
    [{ limitedBy: 'bandwidth' }, 3, /network/],
    [{ loss: undefined, roundTripMs: undefined }, 4, undefined],
  ] as const)('of %j', (change, bars, reason) => {
    const quality = gradeOf({ ...FINE, ...change });
    expect(quality.bars).toBe(bars);
    if (reason === undefined) expect(quality.reason).toBeUndefined();
    else expect(quality.reason).toMatch(reason);
  });
});

it.each([
  [[], 3, 0],
  [['connected'], 3, 0],
  [['failed', 'connected'], 3, 0],
  [['new'], 3, 3],
  [['connecting', 'new'], 3, 4],
  [['failed'], 0, 1],
  [['disconnected', 'closed'], 1, 2],
] as const)(
  'connections that are %j after %i looks in vain make it %i',
  (states, before, after) => {
    expect(triesInVain(before, states)).toBe(after);
  },
);

describe('between two readings', () => {
  const inbound = (packetsReceived: number, packetsLost: number, frozen: number) => ({
    type: 'inbound-rtp',
    trackIdentifier: 't',
    packetsReceived,
    packetsLost,
    jitter: 0.01,
    totalFreezesDuration: frozen,
  });
  const pair = {
    type: 'candidate-pair',
    nominated: true,
    state: 'succeeded',
    currentRoundTripTime: 0.05,
    availableOutgoingBitrate: 2e6,
  };

  it('counts what happened since, of the tracks that are asked for', () => {
    const before = read([inbound(100, 10, 1), pair], 1_000);
    const after = read([inbound(190, 20, 1.5), pair], 3_000);
    expect(between(before, after, ['t'])).toEqual({
      loss: 0.1,
      roundTripMs: 50,
      jitterMs: 10,
      frozen: 0.25,
      concealed: undefined,
    });
    expect(between(before, after, ['other']).loss).toBeUndefined();
    expect(after.uplink).toBe(2e6);
  });

  it('knows nothing of loss at the first', () => {
    expect(between(undefined, read([inbound(100, 10, 1)], 0), ['t']).loss).toBeUndefined();
  });
});

describe('withSoundRepairs', () => {
  const offer = [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0',
    'a=rtpmap:111 opus/48000/2',
    'a=rtcp-fb:111 transport-cc',
    'a=rtpmap:0 PCMU/8000',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=rtpmap:96 VP8/90000',
    '',
  ].join('\r\n');

  it('asks for NACK of Opus in every section, of nothing else, and once', () => {
    const repaired = withSoundRepairs(offer + offer);
    expect(repaired.match(/^a=rtcp-fb:111 nack\r$/gm)).toHaveLength(2);
    expect(repaired.replaceAll('a=rtcp-fb:111 nack\r\n', '')).toBe(offer + offer);
    const once = withSoundRepairs(offer);
    expect(withSoundRepairs(once)).toBe(once);
  });
});

describe('canBlur', () => {
  const camera = (backgroundBlur?: unknown) =>
    ({ getCapabilities: () => ({ backgroundBlur }) }) as unknown as MediaStreamTrack;

  it.each([
    ['a camera that can do both', camera([true, false]), true],
    ['one that always does', camera([true]), false],
    ['one that never does', camera([false]), false],
    ['one that knows nothing of it', camera(), false],
    ['a browser without capabilities', {} as MediaStreamTrack, false],
    ['no camera', undefined, false],
  ])('with %s', (_name, track, expected) => expect(canBlur(track)).toBe(expected));
});

describe('Wants', () => {
  const streams = [{ participantId: 'ada', media: 'camera' }] as const;
  const sized = [{ ...streams[0], width: 640, height: 360 }];

  it('says of no picture that it is unwanted before the page has drawn its tiles', () => {
    vi.useFakeTimers();
    const told: unknown[] = [];
    const wants = new Wants((want) => told.push(want));
    wants.setStreams(streams);
    wants.setShown([]);
    vi.advanceTimersByTime(1_900);
    expect(told).toEqual([]);
    wants.setShown(sized);
    vi.advanceTimersByTime(200);
    expect(told).toEqual(sized);
    wants.setShown([]);
    vi.advanceTimersByTime(200);
    expect(told).toEqual([...sized, { ...streams[0], width: 0, height: 0 }]);
    wants.close();
    vi.useRealTimers();
  });

  it('does so in the end where nothing is ever drawn', () => {
    vi.useFakeTimers();
    const told: unknown[] = [];
    const wants = new Wants((want) => told.push(want));
    wants.setStreams(streams);
    vi.advanceTimersByTime(2_000);
    expect(told).toEqual([{ ...streams[0], width: 0, height: 0 }]);
    wants.close();
    vi.useRealTimers();
  });
});
