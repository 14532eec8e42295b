import type { MediaDescription, SessionDescription } from '#protocol';
import type { LocalTransport, RemoteTransport } from '../parameters.ts';
import { notAcceptable } from './error.ts';

/** The peer's side of the one transport that its sections share. Throws `not_acceptable` when there is none. */
export function remoteTransportOf(offer: SessionDescription): RemoteTransport {
  const tagged = offer.media.find((media) => media.mid === offer.bundle[0]) ?? offer.media[0];
  if (tagged === undefined) throw notAcceptable('the offer has no media');
  if (tagged.ice === undefined) throw notAcceptable('the offer has no ICE credentials');
  const fingerprint =
    tagged.fingerprints.find(({ algorithm }) => algorithm === 'sha-256') ?? tagged.fingerprints[0];
  if (fingerprint === undefined) throw notAcceptable('the offer has no fingerprint');
  // In DTLS we are passive always: the peer must be free to begin.
  if (tagged.setup === 'passive') throw notAcceptable('the offer insists on a passive DTLS role');
  return { ...tagged.ice, fingerprint };
}

/** Whether a section is there to be agreed on: in a first offer those that share a transport may have port 0 (RFC 9143 6). */
export const isOffered = ({ port, bundleOnly }: MediaDescription): boolean =>
  port !== 0 || bundleOnly;

/** The answer's session around its sections; refused ones stay out of the bundle. */
export const answerAround = (
  offer: SessionDescription,
  { sessionId, version = 1 }: { sessionId: string; version?: number | undefined },
  media: readonly MediaDescription[],
): SessionDescription => ({
  sessionId,
  sessionVersion: version,
  bundle: media.filter(({ port, mid }) => port !== 0 && mid !== '').map(({ mid }) => mid),
  extmapAllowMixed: offer.extmapAllowMixed,
  iceLite: false,
  media,
});

/** What all sections of an answer say of the transport. */
export const transportLines = (
  local: LocalTransport,
): Pick<
  MediaDescription,
  'ice' | 'iceOptions' | 'fingerprints' | 'setup' | 'candidates' | 'endOfCandidates'
> => ({
  ice: { usernameFragment: local.usernameFragment, password: local.password },
  iceOptions: [],
  fingerprints: [local.fingerprint],
  setup: 'passive',
  candidates: local.candidates,
  endOfCandidates: true,
});

const NOTHING_AGREED = {
  bundleOnly: false,
  codecs: [],
  extensions: [],
  rids: [],
  ssrcs: [],
  ssrcGroups: [],
  candidates: [],
  endOfCandidates: false,
  fingerprints: [],
  iceOptions: [],
} as const;

/** An accepted section with nothing in it yet. */
export const openSection = (
  offered: MediaDescription,
  local: LocalTransport,
): MediaDescription => ({
  ...NOTHING_AGREED,
  kind: offered.kind,
  port: 9,
  protocol: offered.protocol,
  formats: [],
  mid: offered.mid,
  direction: 'inactive',
  rtcpMux: true,
  rtcpReducedSize: offered.rtcpReducedSize,
  ...transportLines(local),
});

/** A section that is refused (RFC 8829 5.3.1): port zero, formats as they were. */
export const refusedSection = (offered: MediaDescription): MediaDescription => ({
  ...NOTHING_AGREED,
  kind: offered.kind,
  port: 0,
  protocol: offered.protocol,
  formats: offered.formats.slice(0, 1),
  mid: offered.mid,
  direction: 'inactive',
  rtcpMux: false,
  rtcpReducedSize: false,
});
