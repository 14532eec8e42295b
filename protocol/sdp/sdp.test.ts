import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSdp } from './parse.ts';
import { SdpError } from './types.ts';
import { writeSdp } from './write.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
const CHROMIUM = fixture('chromium-whip');
const FIREFOX = fixture('firefox-whep');

const withLine = (line: string) => `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${line}\r\n`;
const withMediaLine = (line: string) => `${withLine('m=video 9 UDP/TLS/RTP/SAVPF 96')}${line}\r\n`;

const ORIGIN = 'v=0\no=- 1 1 IN IP4 0.0.0.0\n';
const sections = (count: number) =>
  ORIGIN + Array.from({ length: count }, (_, n) => `m=audio 9 X 0\na=mid:${n}\n`).join('');

describe('parseSdp', () => {
  it("reads Chromium's offer of simulcast", () => {
    const offer = parseSdp(CHROMIUM);
    const [audio, video] = offer.media;
    expect(offer).toMatchObject({
      sessionId: '3938890263965808805',
      bundle: ['0', '1'],
      extmapAllowMixed: true,
    });
    expect(audio).toMatchObject({
      kind: 'audio',
      direction: 'sendonly',
      ice: { usernameFragment: 'b7mF', password: 'UNlTQ7ga4fCyhltKIePO5Tp6' },
      setup: 'actpass',
      ssrcs: [{ ssrc: 168813870, cname: 'gHamuTmP5pAMZRkP' }],
    });
    expect(audio?.codecs[0]).toEqual({
      payloadType: 111,
      name: 'opus',
      clockRate: 48_000,
      channels: 2,
      parameters: { minptime: '10', useinbandfec: '1' },
      feedback: ['transport-cc'],
    });
    expect(audio?.candidates[0]).toMatchObject({ transport: 'udp', port: 37529, type: 'host' });
    expect(video?.simulcast?.send.map(([one]) => one?.rid)).toEqual(['l', 'm', 'h']);
    expect(video?.codecs.map(({ name, parameters }) => [name, parameters['apt']])).toEqual([
      ['VP8', undefined],
      ['rtx', '96'],
    ]);
  });

  it("reads Firefox's offer, with what it says once for all sections", () => {
    const offer = parseSdp(FIREFOX);
    for (const media of offer.media) {
      expect(media.fingerprints[0]?.value).toMatch(/^29:1A:62/);
      expect(media.direction).toBe('recvonly');
    }
    expect(offer.media[0]?.extensions).toContainEqual({
      id: 6,
      direction: 'recvonly',
      uri: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    });
    expect(offer.media[0]?.candidates[1]).toMatchObject({ transport: 'tcp', tcpType: 'active' });
  });

  it.each([
    ['no origin', 'v=0\r\ns=-\r\n'],
    ['another version', 'v=1\r\no=- 1 1 IN IP4 0\r\n'],
    ['a line without a letter', withLine('nonsense')],
    ['media of an unknown kind', withLine('m=text 9 RTP/AVP 98')],
    ['a port out of range', withLine('m=video 65536 RTP/AVP 98')],
    ['two sections of one mid', withLine('m=video 9 A 1\r\na=mid:0\r\nm=audio 9 A 1\r\na=mid:0')],
    ['a payload type out of range', withMediaLine('a=rtpmap:128 VP8/90000')],
    ['a codec without a clock rate', withMediaLine('a=rtpmap:96 VP8')],
    ['a header extension of id 0', withMediaLine('a=extmap:0 urn:x')],
    ['ICE credentials with a line end in disguise', withMediaLine('a=ice-ufrag:ab cd')],
    ['a password that is too short', withMediaLine('a=ice-pwd:tooshort')],
    ['a fingerprint that is none', withMediaLine('a=fingerprint:sha-256 hello')],
    ['an unknown setup role', withMediaLine('a=setup:maybe')],
    ['a RID that is too long', withMediaLine(`a=rid:${'x'.repeat(17)} send`)],
    ['a port of SCTP out of range', withMediaLine('a=sctp-port:65536')],
    ['a message size that is none', withMediaLine('a=max-message-size:-1')],
    ['an SSRC out of range', withMediaLine('a=ssrc:4294967296 cname:x')],
    ['more text than any browser writes', withLine('x'.repeat(300_000))],
    ['more sections than any browser writes', withLine('m=video 9 A 1\r\n'.repeat(200))],
  ])('refuses %s', (_what, text) => {
    expect(() => parseSdp(text)).toThrow(SdpError);
  });

  it('reads what data channels need', () => {
    const data = (...lines: string[]) =>
      parseSdp(withLine(['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', ...lines].join('\n')))
        .media[0]?.sctp;
    expect(data('a=max-message-size:100', 'a=sctp-port:5001')).toEqual({
      port: 5001,
      maxMessageSize: 100,
    });
    // RFC 8841 6.1.
    expect(data('a=sctp-port:5000')).toEqual({ port: 5000, maxMessageSize: 65_536 });
    expect(data('a=max-message-size:100')).toBeUndefined();
  });

  it('gives feedback that is for all codecs to each', () => {
    const text = withMediaLine(
      'a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:* transport-cc',
    );
    expect(parseSdp(text).media[0]?.codecs[0]?.feedback).toEqual(['nack', 'transport-cc']);
  });

  it('names the line that is wrong', () => {
    expect(() => parseSdp(withMediaLine('a=rtpmap:96 VP8'))).toThrow('SDP line 6: clock rate');
  });

  it.each([
    ['media sections', 128, 'too many media', (n: number) => sections(n)],
    ['lines', 8_000, 'too many lines', (n: number) => `${ORIGIN}${'\n'.repeat(n - 3)}`],
    [
      'characters',
      262_144,
      'too long',
      (n: number) => `${ORIGIN}${'a'.padEnd(n - 1 - ORIGIN.length, '=')}\n`,
    ],
  ])('takes no more %s than %i', (_what, most, complaint, text) => {
    expect(() => parseSdp(text(most))).not.toThrow();
    expect(() => parseSdp(text(most + 1))).toThrow(complaint);
  });

  it('throws SdpError, and nothing else, whatever is done to an offer', () => {
    const lines = CHROMIUM.split('\n');
    const change = fc.record({
      line: fc.nat({ max: lines.length - 1 }),
      at: fc.nat({ max: 60 }),
      text: fc.string({ maxLength: 12, unit: 'binary' }),
      cut: fc.nat({ max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const changed = [...lines];
        for (const { line, at, text, cut } of changes) {
          const before = changed[line]!;
          changed[line] = before.slice(0, at) + text + before.slice(at + cut);
        }
        try {
          writeSdp(parseSdp(changed.join('\n')));
        } catch (error) {
          expect(error).toBeInstanceOf(SdpError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('writeSdp', () => {
  it('names no section that had no name', () => {
    const session = parseSdp(`${ORIGIN}m=audio 9 X 0\n`);
    expect(writeSdp(session)).not.toContain('a=mid');
    expect(parseSdp(writeSdp(session))).toEqual(session);
  });

  it.each([
    ['Chromium', CHROMIUM],
    ['Firefox', FIREFOX],
  ])('writes what parseSdp reads the same again: %s', (_who, text) => {
    const session = parseSdp(text);
    expect(parseSdp(writeSdp(session))).toEqual(session);
  });
});
