import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { parseSdp, writeSdp } from '#protocol';
import type { CodecName } from '../codecs.ts';
import type { LocalTransport } from '../parameters.ts';
import { negotiatePlayback, type PlayableProducer } from './play.ts';
import { negotiatePublication } from './publish.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
const CHROMIUM = fixture('chromium-whip');
const FIREFOX = fixture('firefox-whep');

const LOCAL: LocalTransport = {
  usernameFragment: 'abcd',
  password: '0123456789012345678901',
  fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
  candidates: [
    {
      foundation: 'host40',
      component: 1,
      transport: 'udp',
      priority: 2130706431,
      address: '192.0.2.1',
      port: 44_000,
      type: 'host',
    },
  ],
};

const ALL: readonly CodecName[] = ['opus', 'VP8', 'VP9', 'H264', 'AV1'];
const publish = (sdp: string, codecs = ALL) =>
  negotiatePublication(parseSdp(sdp), {
    codecs,
    order: 'offer',
    startBitrateKbps: 2_000,
    sessionId: '1',
  });

const thrownBy = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('negotiatePublication', () => {
  it('takes sound and three simulcast streams of picture from Chromium', () => {
    const publication = publish(CHROMIUM);
    expect(publication.remote.usernameFragment).toBe('b7mF');
    expect(publication.producers).toMatchObject([
      { kind: 'audio', payloadType: 111, nack: false, encodings: [{ ssrc: 168813870 }] },
      {
        kind: 'video',
        mid: '1',
        codec: { name: 'VP8' },
        payloadType: 96,
        rtxPayloadType: 97,
        nack: true,
        extensions: { mid: 4, rid: 10, repairedRid: 11, transportCc: 3, absSendTime: 2 },
        encodings: [{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }],
      },
    ]);
  });

  it('answers in terms of the offer and of nothing else', () => {
    const answer = parseSdp(writeSdp(publish(CHROMIUM).answer(LOCAL)));
    const [audio, video] = answer.media;
    expect(answer.bundle).toEqual(['0', '1']);
    for (const media of answer.media) {
      expect(media).toMatchObject({
        direction: 'recvonly',
        setup: 'passive',
        rtcpMux: true,
        ice: { usernameFragment: 'abcd' },
        endOfCandidates: true,
      });
      expect(media.candidates).toHaveLength(1);
    }
    expect(audio?.formats).toEqual(['111']);
    expect(video?.formats).toEqual(['96', '97']);
    expect(video?.simulcast?.receive.map(([one]) => one?.rid)).toEqual(['l', 'm', 'h']);
    expect(video?.codecs[0]?.feedback).toEqual(['transport-cc', 'ccm fir', 'nack', 'nack pli']);
    expect(video?.codecs[0]?.parameters['x-google-start-bitrate']).toBe('2000');
    expect(video?.extensions.map(({ id }) => id)).not.toContain(14);
  });

  it('goes by its own order of codecs where it is told to', () => {
    const both = CHROMIUM.replace(/(m=video \d+ \S+) /, '$1 125 ').replace(
      /(a=rtpmap:96 )/,
      'a=rtpmap:125 H264/90000\r\na=fmtp:125 packetization-mode=1;profile-level-id=42e01f\r\n$1',
    );
    const chosen = (order: 'offer' | 'codecs') =>
      negotiatePublication(parseSdp(both), {
        codecs: ['VP8', 'H264', 'opus'],
        order,
        startBitrateKbps: 2_000,
        sessionId: '1',
      }).producers[1]?.codec.name;
    expect(chosen('codecs')).toBe('VP8');
    expect(chosen('offer')).toBe('H264');
  });

  it('refuses the whole of an offer where one stream cannot be taken, if told to', () => {
    const options = {
      order: 'offer',
      startBitrateKbps: 2_000,
      sessionId: '1',
      whole: true,
    } as const;
    const offer = (codecs: readonly CodecName[], sdp = CHROMIUM) =>
      negotiatePublication(parseSdp(sdp), { ...options, codecs }).producers.length;
    expect(offer(ALL)).toBe(2);
    expect(() => offer(['opus', 'H264'])).toThrow(/video/);
    // What is not sent is no stream.
    const [head = '', audio = '', video = ''] = CHROMIUM.split(/(?=^m=)/m);
    expect(offer(['opus'], head + audio + video.replace('sendonly', 'inactive'))).toBe(1);
    const second = video.replace(/^a=mid:1/m, 'a=mid:2');
    expect(() => offer(ALL, head + audio + video + second)).toThrow(/twice/);
  });

  it('asks for the sound that it is told to ask for', () => {
    const options = {
      codecs: ALL,
      order: 'offer',
      startBitrateKbps: 2_000,
      sessionId: '1',
    } as const;
    const of = (opusParameters?: Record<string, string>) =>
      negotiatePublication(parseSdp(CHROMIUM), {
        ...options,
        ...(opusParameters && { opusParameters }),
      }).answer(LOCAL).media[0]?.codecs[0]?.parameters;
    expect(of()).toMatchObject({ useinbandfec: '1' });
    expect(of()).not.toHaveProperty('stereo');
    expect(of({ stereo: '1' })).toMatchObject({ useinbandfec: '1', stereo: '1' });
  });

  it('refuses a section that it cannot take, and takes the others', () => {
    const publication = publish(CHROMIUM, ['opus', 'H264']);
    expect(publication.producers.map(({ kind }) => kind)).toEqual(['audio']);
    const answer = publication.answer(LOCAL);
    expect(answer.bundle).toEqual(['0']);
    expect(answer.media[1]).toMatchObject({ port: 0, mid: '1', direction: 'inactive' });
  });

  it('takes H.264 only in the mode that has fragments', () => {
    const offer = (mode: string) =>
      CHROMIUM.replaceAll('VP8/90000', 'H264/90000').replace(
        'a=fmtp:97 apt=96',
        `a=fmtp:96 profile-level-id=42e01f;packetization-mode=${mode}\na=fmtp:97 apt=96`,
      );
    expect(publish(offer('1')).producers.map(({ codec }) => codec.name)).toEqual(['opus', 'H264']);
    expect(publish(offer('0')).producers.map(({ codec }) => codec.name)).toEqual(['opus']);
  });

  it.each([
    ['no codec in common', CHROMIUM, ['AV1']],
    ['an offer to receive', CHROMIUM.replaceAll('a=sendonly', 'a=recvonly'), ALL],
    ['no ICE credentials', CHROMIUM.replaceAll(/a=ice-(ufrag|pwd).*\n/g, ''), ALL],
    ['no fingerprint', CHROMIUM.replaceAll(/a=fingerprint.*\n/g, ''), ALL],
    ['a passive peer', CHROMIUM.replaceAll('actpass', 'passive'), ALL],
  ] as [string, string, CodecName[]][])('does not accept %s', (_what, sdp, codecs) => {
    const error = thrownBy(() => publish(sdp, codecs));
    expect(isAmphiError(error, 'not_acceptable')).toBe(true);
  });
});

describe('negotiatePlayback', () => {
  const producers: PlayableProducer[] = [
    { producerId: 'sound', parameters: { kind: 'audio', codec: { name: 'opus', parameters: {} } } },
    {
      producerId: 'picture',
      parameters: { kind: 'video', codec: { name: 'VP8', parameters: {} } },
    },
  ];
  const play = (sdp: string, what = producers) => {
    let ssrc = 1000;
    const options = { sessionId: '1', streamId: 'event', nextSsrc: () => ssrc++ };
    return negotiatePlayback(parseSdp(sdp), what, options);
  };

  it("gives each section of Firefox's offer a producer, in Firefox's own numbers", () => {
    const playback = play(FIREFOX);
    expect(playback.consumers).toEqual([
      {
        producerId: 'picture',
        parameters: {
          payloadType: 120,
          rtxPayloadType: 124,
          ssrc: 1000,
          rtxSsrc: 1001,
          nack: true,
          transportWide: true,
          fastJoin: true,
          extensions: { absSendTime: 4, playoutDelay: 6, transportCc: 7 },
        },
      },
      {
        producerId: 'sound',
        parameters: {
          payloadType: 109,
          ssrc: 1002,
          nack: false,
          // Firefox offers the numbers of sound, and no feedback on them.
          transportWide: true,
          fastJoin: true,
          extensions: { audioLevel: 1, transportCc: 7 },
        },
      },
    ]);
    const [video] = parseSdp(writeSdp(playback.answer(LOCAL))).media;
    expect(video?.codecs[0]?.feedback).toContain('transport-cc');
    expect(video?.codecs[0]?.feedback).not.toContain('goog-remb');
    expect(video).toMatchObject({
      direction: 'sendonly',
      formats: ['120', '124'],
      msid: 'event video',
      ssrcGroups: [{ semantics: 'FID', ssrcs: [1000, 1001] }],
    });
  });

  it.each([
    ['its feedback', / transport-cc\r?\n/g],
    ['its numbers', /a=extmap:.*transport-wide-cc.*\n/g],
  ])('takes REMB where transport-wide feedback lacks %s', (_what, line) => {
    const sdp = FIREFOX.replaceAll(line, line.source.startsWith('a=') ? '' : ' goog-remb\r\n');
    const playback = play(sdp);
    const [video] = parseSdp(writeSdp(playback.answer(LOCAL))).media;
    expect(video?.codecs[0]?.feedback).toContain('goog-remb');
    expect(video?.codecs[0]?.feedback).not.toContain('transport-cc');
    expect(playback.consumers[0]?.parameters.transportWide).toBe(false);
  });

  it('refuses the section of what the viewer cannot decode', () => {
    const h264: PlayableProducer = {
      producerId: 'picture',
      parameters: { kind: 'video', codec: { name: 'H264', parameters: {} } },
    };
    const playback = play(FIREFOX, [producers[0]!, h264]);
    expect(playback.consumers.map(({ producerId }) => producerId)).toEqual(['sound']);
    expect(playback.answer(LOCAL).media.map(({ port }) => port)).toEqual([0, 9]);
    expect(
      isAmphiError(
        thrownBy(() => play(FIREFOX, [h264])),
        'not_acceptable',
      ),
    ).toBe(true);
  });
});
