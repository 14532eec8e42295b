import { parseCandidate } from './candidate.ts';
import {
  type CodecDescription,
  type Direction,
  type ExtensionDescription,
  type Fingerprint,
  type MediaDescription,
  type MediaKind,
  type RidDescription,
  SdpError,
  type SessionDescription,
  type SetupRole,
  type SimulcastStream,
  type SsrcDescription,
} from './types.ts';

/** Browsers stay far below these, whatever their user does; a bad peer does not cost more than this. */
const MAX_BYTES = 256 * 1024;
const MAX_LINES = 8_000;
const MAX_MEDIA = 128;
/** What a peer takes that does not say (RFC 8841 6.1). */
const DEFAULT_MAX_MESSAGE_SIZE = 64 * 1024;

const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
const SETUP_ROLES: readonly string[] = ['active', 'passive', 'actpass', 'holdconn'];
const KINDS: readonly string[] = ['audio', 'video', 'application'];

type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K];
};

/** What may stand once for all media or in each section. */
type Shared = Pick<Mutable<MediaDescription>, 'fingerprints' | 'iceOptions'> & {
  usernameFragment?: string;
  password?: string;
  setup?: SetupRole;
  direction?: Direction;
};

interface Section extends Shared {
  media: Mutable<MediaDescription>;
  codecs: Map<number, Mutable<CodecDescription>>;
  /** Feedback of `*`, for every codec of the section. */
  feedback: string[];
  ssrcs: Map<number, SsrcDescription>;
  sctpPort?: number;
  maxMessageSize?: number;
}

/** Parses a session description. Throws `SdpError` for whatever it cannot make sense of. */
export function parseSdp(text: string): SessionDescription {
  if (text.length > MAX_BYTES) throw new SdpError(0, 'too long');
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.length > MAX_LINES) throw new SdpError(0, 'too many lines');
  const session: Mutable<SessionDescription> = {
    sessionId: '',
    sessionVersion: 0,
    bundle: [],
    extmapAllowMixed: false,
    iceLite: false,
    media: [],
  };
  const shared: Shared = { fingerprints: [], iceOptions: [] };
  const sections: Section[] = [];
  for (const [i, line] of lines.entries()) {
    const number = i + 1;
    if (line === '') continue;
    if (line[1] !== '=') throw new SdpError(number, 'not of the form <letter>=<value>');
    const value = line.slice(2);
    const section = sections[sections.length - 1];
    switch (line[0]) {
      case 'v':
        if (value.trim() !== '0') throw new SdpError(number, 'not version 0');
        break;
      case 'o':
        readOrigin(session, value, number);
        break;
      case 'm':
        if (sections.length === MAX_MEDIA) throw new SdpError(number, 'too many media sections');
        sections.push(openSection(value, number));
        break;
      case 'a': {
        const colon = value.indexOf(':');
        const name = colon === -1 ? value : value.slice(0, colon);
        const rest = colon === -1 ? '' : value.slice(colon + 1);
        if (readShared(section ?? shared, name, rest, number)) break;
        if (section === undefined) readSessionAttribute(session, name, rest);
        else readMediaAttribute(section, name, rest, number);
        break;
      }
      default:
    }
  }
  if (session.sessionId === '') throw new SdpError(0, 'no origin line');
  session.media = sections.map((section) => closeSection(section, shared));
  const mids = new Set(session.media.map((media) => media.mid));
  if (mids.size !== session.media.length) throw new SdpError(0, 'two media sections of one mid');
  return session;
}

function readOrigin(session: Mutable<SessionDescription>, value: string, line: number): void {
  const [, id, version] = value.split(' ');
  if (id === undefined || !/^\d{1,20}$/.test(id)) throw new SdpError(line, 'no session id');
  session.sessionId = id;
  session.sessionVersion = integer(version, 0, Number.MAX_SAFE_INTEGER, line, 'session version');
}

function openSection(value: string, line: number): Section {
  const [kind = '', port, protocol = '', ...formats] = value.trim().split(/ +/);
  if (!KINDS.includes(kind)) throw new SdpError(line, `media of kind "${kind.slice(0, 20)}"`);
  const media: Section['media'] = {
    kind: kind as MediaKind,
    // A number of ports may follow a slash; it is never more than one here.
    port: integer(port?.split('/')[0], 0, 0xffff, line, 'port'),
    protocol,
    formats,
    mid: '',
    direction: 'sendrecv',
    bundleOnly: false,
    rtcpMux: false,
    rtcpReducedSize: false,
    codecs: [],
    extensions: [],
    rids: [],
    ssrcs: [],
    ssrcGroups: [],
    iceOptions: [],
    fingerprints: [],
    candidates: [],
    endOfCandidates: false,
  };
  return {
    media,
    codecs: new Map(),
    feedback: [],
    ssrcs: new Map(),
    fingerprints: [],
    iceOptions: [],
  };
}

/** The section with its codecs in order of preference, and with what was said once for all. */
function closeSection(section: Section, shared: Shared): MediaDescription {
  const { media } = section;
  if (media.kind !== 'application') {
    for (const format of media.formats) {
      const codec = section.codecs.get(Number(format));
      if (codec === undefined || codec.name === '') continue;
      codec.feedback.push(...section.feedback);
      media.codecs.push(codec);
    }
  }
  media.ssrcs = [...section.ssrcs.values()];
  media.direction = section.direction ?? shared.direction ?? 'sendrecv';
  media.fingerprints = section.fingerprints.length > 0 ? section.fingerprints : shared.fingerprints;
  media.iceOptions = section.iceOptions.length > 0 ? section.iceOptions : shared.iceOptions;
  const usernameFragment = section.usernameFragment ?? shared.usernameFragment;
  const password = section.password ?? shared.password;
  if (usernameFragment !== undefined && password !== undefined) {
    media.ice = { usernameFragment, password };
  }
  const setup = section.setup ?? shared.setup;
  if (setup !== undefined) media.setup = setup;
  if (section.sctpPort !== undefined) {
    const { sctpPort: port, maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE } = section;
    media.sctp = { port, maxMessageSize };
  }
  return media;
}

function readShared(into: Shared, name: string, value: string, line: number): boolean {
  if (DIRECTIONS.includes(name)) {
    into.direction = name as Direction;
    return true;
  }
  switch (name) {
    case 'ice-ufrag':
      into.usernameFragment = iceText(value, 4, line);
      return true;
    case 'ice-pwd':
      into.password = iceText(value, 22, line);
      return true;
    case 'ice-options':
      into.iceOptions = value.split(' ').filter((option) => option !== '');
      return true;
    case 'fingerprint':
      into.fingerprints.push(readFingerprint(value, line));
      return true;
    case 'setup':
      if (!SETUP_ROLES.includes(value)) throw new SdpError(line, 'setup role');
      into.setup = value as SetupRole;
      return true;
    default:
      return false;
  }
}

/** RFC 8839 5.4: a length within bounds, of ICE characters alone: it is put into descriptions again. */
function iceText(value: string, least: number, line: number): string {
  if (value.length < least || value.length > 256 || !/^[A-Za-z0-9+/=_-]+$/.test(value)) {
    throw new SdpError(line, 'ICE credentials');
  }
  return value;
}

/** RFC 8122 5. */
function readFingerprint(value: string, line: number): Fingerprint {
  const found = /^([A-Za-z0-9-]{1,16}) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})$/.exec(
    value.trim(),
  );
  if (found === null) throw new SdpError(line, 'fingerprint');
  const [, algorithm = '', hex = ''] = found;
  return { algorithm: algorithm.toLowerCase(), value: hex.toUpperCase() };
}

function readSessionAttribute(
  session: Mutable<SessionDescription>,
  name: string,
  value: string,
): void {
  if (name === 'group') {
    const [semantics, ...mids] = value.trim().split(/ +/);
    if (semantics === 'BUNDLE' && session.bundle.length === 0) session.bundle = mids;
  } else if (name === 'extmap-allow-mixed') {
    session.extmapAllowMixed = true;
  } else if (name === 'ice-lite') {
    session.iceLite = true;
  }
}

function readMediaAttribute(section: Section, name: string, value: string, line: number): void {
  const { media } = section;
  switch (name) {
    case 'mid':
      media.mid = token(value, line, 'mid');
      break;
    case 'rtcp-mux':
      media.rtcpMux = true;
      break;
    case 'rtcp-rsize':
      media.rtcpReducedSize = true;
      break;
    case 'bundle-only':
      media.bundleOnly = true;
      break;
    case 'rtpmap':
      readRtpmap(section, value, line);
      break;
    case 'fmtp':
      readFormatParameters(section, value, line);
      break;
    case 'rtcp-fb':
      readFeedback(section, value, line);
      break;
    case 'extmap':
      media.extensions.push(readExtension(value, line));
      break;
    case 'rid':
      media.rids.push(readRid(value, line));
      break;
    case 'simulcast':
      media.simulcast = readSimulcast(value, line);
      break;
    case 'ssrc':
      readSsrc(section, value, line);
      break;
    case 'ssrc-group': {
      const [semantics = '', ...ssrcs] = value.trim().split(/ +/);
      media.ssrcGroups.push({ semantics, ssrcs: ssrcs.map((text) => ssrcOf(text, line)) });
      break;
    }
    case 'msid':
      media.msid = value;
      break;
    case 'candidate': {
      const candidate = parseCandidate(value);
      // Of a kind that is not known, such as a transport to come: RFC 8839 5.1 says to ignore it.
      if (candidate !== undefined) media.candidates.push(candidate);
      break;
    }
    case 'end-of-candidates':
      media.endOfCandidates = true;
      break;
    case 'sctp-port':
      section.sctpPort = integer(value, 0, 0xffff, line, 'SCTP port');
      break;
    case 'max-message-size':
      section.maxMessageSize = integer(value, 0, Number.MAX_SAFE_INTEGER, line, 'message size');
      break;
    default:
  }
}

function codecOf(section: Section, text: string | undefined, line: number) {
  const payloadType = integer(text, 0, 127, line, 'payload type');
  let codec = section.codecs.get(payloadType);
  if (codec === undefined) {
    codec = { payloadType, name: '', clockRate: 0, channels: 1, parameters: {}, feedback: [] };
    section.codecs.set(payloadType, codec);
  }
  return codec;
}

function readRtpmap(section: Section, value: string, line: number): void {
  const [payloadType, encoding = ''] = value.trim().split(/ +/);
  const [name = '', clockRate, channels] = encoding.split('/');
  const codec = codecOf(section, payloadType, line);
  codec.name = token(name, line, 'encoding name');
  codec.clockRate = integer(clockRate, 1, 1_000_000, line, 'clock rate');
  codec.channels = channels === undefined ? 1 : integer(channels, 1, 255, line, 'channels');
}

function readFormatParameters(section: Section, value: string, line: number): void {
  const space = value.indexOf(' ');
  if (space === -1) throw new SdpError(line, 'format parameters');
  const codec = codecOf(section, value.slice(0, space), line);
  const parameters: [string, string][] = [];
  for (const part of value.slice(space + 1).split(';')) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim();
    if (name !== '') parameters.push([name, equals === -1 ? '' : part.slice(equals + 1).trim()]);
  }
  codec.parameters = Object.fromEntries(parameters);
}

function readFeedback(section: Section, value: string, line: number): void {
  const space = value.indexOf(' ');
  if (space === -1) throw new SdpError(line, 'feedback');
  const payloadType = value.slice(0, space);
  const feedback = value.slice(space + 1).trim();
  if (payloadType === '*') section.feedback.push(feedback);
  else codecOf(section, payloadType, line).feedback.push(feedback);
}

/** RFC 8285 8. */
function readExtension(value: string, line: number): ExtensionDescription {
  const found = /^(\d{1,5})(?:\/(sendrecv|sendonly|recvonly|inactive))? (\S+)/.exec(value);
  if (found === null) throw new SdpError(line, 'header extension');
  const [, id, direction, uri = ''] = found;
  return {
    id: integer(id, 1, 255, line, 'header extension id'),
    uri,
    ...(direction === undefined ? {} : { direction: direction as Direction }),
  };
}

function readRid(value: string, line: number): RidDescription {
  const [id = '', direction, restrictions = ''] = value.trim().split(/ +/);
  if (direction !== 'send' && direction !== 'recv') throw new SdpError(line, 'RID direction');
  return { id: ridOf(id, line), direction, restrictions };
}

/** Characters of RFC 8851 10; at most 16, as the one-byte header extension holds no more. */
function ridOf(text: string, line: number): string {
  if (!/^[A-Za-z0-9_-]{1,16}$/.test(text)) throw new SdpError(line, 'RID');
  return text;
}

function readSimulcast(value: string, line: number) {
  const simulcast: { send: SimulcastStream[]; receive: SimulcastStream[] } = {
    send: [],
    receive: [],
  };
  const words = value.trim().split(/ +/);
  for (let i = 0; i + 1 < words.length; i += 2) {
    const list = words[i] === 'send' ? simulcast.send : simulcast.receive;
    if (words[i] !== 'send' && words[i] !== 'recv') throw new SdpError(line, 'simulcast');
    for (const stream of (words[i + 1] ?? '').split(';')) {
      list.push(
        stream.split(',').map((text) => {
          const paused = text.startsWith('~');
          return { rid: ridOf(paused ? text.slice(1) : text, line), paused };
        }),
      );
    }
  }
  return simulcast;
}

function readSsrc(section: Section, value: string, line: number): void {
  const space = value.indexOf(' ');
  const ssrc = ssrcOf(space === -1 ? value : value.slice(0, space), line);
  const known = section.ssrcs.get(ssrc) ?? { ssrc };
  const attribute = space === -1 ? '' : value.slice(space + 1);
  if (attribute.startsWith('cname:')) known.cname = attribute.slice('cname:'.length);
  if (attribute.startsWith('msid:')) known.msid = attribute.slice('msid:'.length);
  section.ssrcs.set(ssrc, known);
}

const ssrcOf = (text: string, line: number): number => integer(text, 0, 0xffffffff, line, 'SSRC');

function token(text: string, line: number, what: string): string {
  if (!/^[!#-'*+\-.0-9A-Z^-~]{1,64}$/.test(text)) throw new SdpError(line, what);
  return text;
}

function integer(
  text: string | undefined,
  least: number,
  most: number,
  line: number,
  what: string,
): number {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new SdpError(line, what);
  return value;
}
