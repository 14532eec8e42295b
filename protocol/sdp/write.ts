import { writeCandidate } from './candidate.ts';
import type {
  CodecDescription,
  MediaDescription,
  SessionDescription,
  SimulcastStream,
} from './types.ts';

/** Writes a session description (RFC 8866 5), lines ending in CRLF. */
export function writeSdp(session: SessionDescription): string {
  const lines = [
    'v=0',
    `o=- ${session.sessionId} ${session.sessionVersion} IN IP4 0.0.0.0`,
    's=-',
    't=0 0',
  ];
  if (session.bundle.length > 0) lines.push(`a=group:BUNDLE ${session.bundle.join(' ')}`);
  if (session.extmapAllowMixed) lines.push('a=extmap-allow-mixed');
  if (session.iceLite) lines.push('a=ice-lite');
  for (const media of session.media) writeMedia(lines, media);
  return `${lines.join('\r\n')}\r\n`;
}

function writeMedia(lines: string[], media: MediaDescription): void {
  lines.push(
    `m=${media.kind} ${media.port} ${media.protocol} ${media.formats.join(' ')}`,
    'c=IN IP4 0.0.0.0',
  );
  // A section that had none in the offer gets none in the answer (RFC 9143 5.2).
  if (media.mid !== '') lines.push(`a=mid:${media.mid}`);
  if (media.ice !== undefined) {
    lines.push(`a=ice-ufrag:${media.ice.usernameFragment}`, `a=ice-pwd:${media.ice.password}`);
  }
  if (media.iceOptions.length > 0) lines.push(`a=ice-options:${media.iceOptions.join(' ')}`);
  for (const { algorithm, value } of media.fingerprints) {
    lines.push(`a=fingerprint:${algorithm} ${value}`);
  }
  if (media.setup !== undefined) lines.push(`a=setup:${media.setup}`);
  // Data goes both ways always (RFC 8841 10.1).
  if (media.kind !== 'application') lines.push(`a=${media.direction}`);
  if (media.bundleOnly) lines.push('a=bundle-only');
  if (media.rtcpMux) lines.push('a=rtcp-mux');
  if (media.rtcpReducedSize) lines.push('a=rtcp-rsize');
  for (const { id, direction, uri } of media.extensions) {
    lines.push(`a=extmap:${id}${direction === undefined ? '' : `/${direction}`} ${uri}`);
  }
  if (media.msid !== undefined) lines.push(`a=msid:${media.msid}`);
  for (const codec of media.codecs) writeCodec(lines, codec);
  for (const { id, direction, restrictions } of media.rids) {
    lines.push(`a=rid:${id} ${direction}${restrictions === '' ? '' : ` ${restrictions}`}`);
  }
  if (media.simulcast !== undefined) {
    const { send, receive } = media.simulcast;
    const sides = [
      ...(send.length > 0 ? [`send ${simulcastText(send)}`] : []),
      ...(receive.length > 0 ? [`recv ${simulcastText(receive)}`] : []),
    ];
    lines.push(`a=simulcast:${sides.join(' ')}`);
  }
  for (const { semantics, ssrcs } of media.ssrcGroups) {
    lines.push(`a=ssrc-group:${semantics} ${ssrcs.join(' ')}`);
  }
  for (const { ssrc, cname, msid } of media.ssrcs) {
    if (cname === undefined && msid === undefined) lines.push(`a=ssrc:${ssrc}`);
    if (cname !== undefined) lines.push(`a=ssrc:${ssrc} cname:${cname}`);
    if (msid !== undefined) lines.push(`a=ssrc:${ssrc} msid:${msid}`);
  }
  for (const candidate of media.candidates) lines.push(`a=candidate:${writeCandidate(candidate)}`);
  if (media.endOfCandidates) lines.push('a=end-of-candidates');
  if (media.sctp !== undefined) {
    lines.push(`a=sctp-port:${media.sctp.port}`, `a=max-message-size:${media.sctp.maxMessageSize}`);
  }
}

function writeCodec(lines: string[], codec: CodecDescription): void {
  const { payloadType, name, clockRate, channels, parameters, feedback } = codec;
  const channelText = channels === 1 ? '' : `/${channels}`;
  lines.push(`a=rtpmap:${payloadType} ${name}/${clockRate}${channelText}`);
  for (const kind of feedback) lines.push(`a=rtcp-fb:${payloadType} ${kind}`);
  const texts = Object.entries(parameters).map(([key, value]) =>
    value === '' ? key : `${key}=${value}`,
  );
  if (texts.length > 0) lines.push(`a=fmtp:${payloadType} ${texts.join(';')}`);
}

const simulcastText = (streams: readonly SimulcastStream[]): string =>
  streams
    .map((stream) => stream.map(({ rid, paused }) => `${paused ? '~' : ''}${rid}`).join(','))
    .join(';');
