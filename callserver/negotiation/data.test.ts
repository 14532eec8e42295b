import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSdp, writeSdp } from '#protocol';
import type { LocalTransport } from '../parameters.ts';
import { negotiatePublication } from './publish.ts';
import { negotiateReception } from './receive.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
const CHROMIUM = fixture('chromium-whip');
const FIREFOX = fixture('firefox-whep');

const LOCAL: LocalTransport = {
  usernameFragment: 'abcd',
  password: '0123456789012345678901',
  fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
  candidates: [],
};

/** As Chromium writes it, with the transport of the section before it. */
function withData(sdp: string, changes: Record<string, string> = {}, mid = 'data'): string {
  const line = (name: string) => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)?.[0] ?? '';
  const section = [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    line('ice-ufrag'),
    line('ice-pwd'),
    line('fingerprint'),
    'a=setup:actpass',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    '',
  ].join('\r\n');
  const changed = Object.entries(changes).reduce(
    (text, [from, to]) => text.replace(from, to),
    section,
  );
  return `${sdp}${changed}`.replace(/^(a=group:BUNDLE .*?)\r?$/m, `$1 ${mid}`);
}

const publish = (sdp: string, takesData = true) =>
  negotiatePublication(parseSdp(sdp), {
    codecs: ['opus', 'VP8'],
    order: 'offer',
    startBitrateKbps: 2_000,
    sessionId: '1',
    several: true,
    withData: takesData,
  });

const receive = (sdp: string, takesData = true) =>
  negotiateReception(parseSdp(sdp), [], {
    sessionId: '1',
    nextSsrc: () => 1,
    placed: [],
    withData: takesData,
  });

const ASSOCIATION = { port: 5000, maxMessageSize: 262_144 };

describe.each([
  ['to send', CHROMIUM, publish],
  ['to receive', FIREFOX, receive],
] as const)('an offer %s with data channels', (_what, sdp, negotiate) => {
  it('is answered with one association in the same bundle', () => {
    const agreed = negotiate(withData(sdp));
    expect(agreed.remote.sctp).toEqual(ASSOCIATION);
    const text = writeSdp(agreed.answer(LOCAL));
    const answer = parseSdp(text);
    expect(answer.bundle).toContain('data');
    expect(answer.media.at(-1)).toMatchObject({
      kind: 'application',
      port: 9,
      protocol: 'UDP/DTLS/SCTP',
      formats: ['webrtc-datachannel'],
      setup: 'passive',
      rtcpMux: false,
      sctp: { port: 5000, maxMessageSize: 65_536 },
      ice: { usernameFragment: 'abcd' },
    });
    // Direction and feedback mean nothing there.
    const [, section = ''] = text.split('m=application');
    expect(section).not.toMatch(/sendrecv|inactive|rtcp/);
  });

  it.each([
    ['nobody takes any', {}, false],
    ['another transport', { 'UDP/DTLS/SCTP': 'TCP/DTLS/SCTP' }, true],
    ['another use', { 'webrtc-datachannel': 'other' }, true],
    ['no port', { 'a=sctp-port:5000': 'a=x:y' }, true],
    ['port 0 of SCTP', { 'a=sctp-port:5000': 'a=sctp-port:0' }, true],
    ['a refused section', { 'm=application 9': 'm=application 0' }, true],
  ])('is answered without them: %s', (_why, changes, takesData) => {
    const agreed = negotiate(withData(sdp, changes), takesData);
    expect(agreed.remote.sctp).toBeUndefined();
    const answer = agreed.answer(LOCAL);
    expect(answer.media.at(-1)).toMatchObject({ kind: 'application', port: 0 });
    expect(answer.bundle).not.toContain('data');
  });

  it('has one association, and not two', () => {
    const agreed = negotiate(withData(withData(sdp), {}, 'more'));
    expect(
      agreed
        .answer(LOCAL)
        .media.map(({ port }) => port)
        .slice(-2),
    ).toEqual([9, 0]);
  });
});

it('a session may have data channels alone', () => {
  const media = CHROMIUM.indexOf('m=');
  const alone = withData(CHROMIUM);
  const sdp = `${CHROMIUM.slice(0, media)}${alone.slice(alone.indexOf('m=application'))}`.replace(
    /^a=group:BUNDLE.*$/m,
    'a=group:BUNDLE data',
  );
  expect(publish(sdp)).toMatchObject({ producers: [], remote: { sctp: ASSOCIATION } });
  expect(() => publish(sdp, false)).toThrow('no stream');
});
