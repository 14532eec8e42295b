/**
 * A session description (RFC 8866) as WebRTC uses it (RFC 8829), in the terms
 * that a call server cares about. Attributes that are not named here are left
 * out when parsing and cannot be written.
 */
export interface SessionDescription {
  sessionId: string;
  sessionVersion: number;
  /** Media sections that share one transport (RFC 9143), by `mid`. */
  bundle: readonly string[];
  /** One- and two-byte header extensions may be mixed (RFC 8285 6). */
  extmapAllowMixed: boolean;
  iceLite: boolean;
  media: readonly MediaDescription[];
}

export type MediaKind = 'audio' | 'video' | 'application';
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type SetupRole = 'active' | 'passive' | 'actpass' | 'holdconn';

export interface MediaDescription {
  kind: MediaKind;
  /** 0: refused, or bundled only. */
  port: number;
  protocol: string;
  /** Payload types in order of preference, or the data channel's format. */
  formats: readonly string[];
  mid: string;
  direction: Direction;
  bundleOnly: boolean;
  rtcpMux: boolean;
  rtcpReducedSize: boolean;
  codecs: readonly CodecDescription[];
  extensions: readonly ExtensionDescription[];
  /** RFC 8851. */
  rids: readonly RidDescription[];
  /** RFC 8853: for each simulcast stream its alternatives. */
  simulcast?: { send: readonly SimulcastStream[]; receive: readonly SimulcastStream[] };
  ssrcs: readonly SsrcDescription[];
  ssrcGroups: readonly { semantics: string; ssrcs: readonly number[] }[];
  /** `stream track` (RFC 8830). */
  msid?: string;
  ice?: { usernameFragment: string; password: string };
  iceOptions: readonly string[];
  fingerprints: readonly Fingerprint[];
  setup?: SetupRole;
  candidates: readonly IceCandidate[];
  endOfCandidates: boolean;
  /** Of a section of data channels (RFC 8841 5 and 6). */
  sctp?: SctpDescription;
}

interface SctpDescription {
  port: number;
  /** In bytes; 0 for any. */
  maxMessageSize: number;
}

export interface CodecDescription {
  payloadType: number;
  /** As it was written; names compare without case. */
  name: string;
  clockRate: number;
  /** 1 when not told. */
  channels: number;
  /** Format parameters; a name without a value has an empty one. */
  parameters: Readonly<Record<string, string>>;
  /** E.g. `nack`, `nack pli`, `transport-cc`. */
  feedback: readonly string[];
}

export interface ExtensionDescription {
  id: number;
  uri: string;
  direction?: Direction;
}

export interface RidDescription {
  id: string;
  direction: 'send' | 'recv';
  /** E.g. `max-width=1280;max-fps=30`; empty when there are none. */
  restrictions: string;
}

export type SimulcastStream = readonly { rid: string; paused: boolean }[];

export interface SsrcDescription {
  ssrc: number;
  cname?: string;
  msid?: string;
}

export interface Fingerprint {
  /** Lower case, e.g. `sha-256`. */
  algorithm: string;
  /** Upper-case hexadecimal with colons. */
  value: string;
}

/** RFC 8839 5.1. */
export interface IceCandidate {
  foundation: string;
  component: number;
  /** `udp` or `tcp`. */
  transport: string;
  priority: number;
  address: string;
  port: number;
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  tcpType?: 'active' | 'passive' | 'so' | undefined;
}

/** The text is not a session description that can be worked with. */
export class SdpError extends Error {
  /** From 1; 0 when it is about the whole. */
  readonly line: number;

  constructor(line: number, problem: string) {
    super(line === 0 ? `SDP: ${problem}` : `SDP line ${line}: ${problem}`);
    this.name = 'SdpError';
    this.line = line;
  }
}
