import { AmphiError } from '#base';
import { writeCandidate } from '#protocol';
import { type LocalTransport, RemoteTransport } from '../parameters.ts';

/** What a client says of its side of the transport in an SDP fragment (RFC 8840 9). */
export interface IceFragment {
  usernameFragment: string;
  /** The section that the candidates belong to; all share one transport. */
  mid: string;
  /**
   * A client that begins anew says all of it. Undefined when its fingerprint is
   * missing: then it wants to keep its DTLS association, which we cannot.
   */
  remote: RemoteTransport | undefined;
}

const first = (fragment: string, name: string): string | undefined =>
  new RegExp(`^a=${name}:(\\S+(?: \\S+)?)[ \\t]*\\r?$`, 'm').exec(fragment)?.[1];

/** Throws `bad_request` when it does not say which ICE session it is of. */
export function readIceFragment(fragment: string): IceFragment {
  const usernameFragment = first(fragment, 'ice-ufrag');
  if (usernameFragment === undefined) {
    throw new AmphiError('bad_request', 'the fragment does not say which ICE session it is of');
  }
  const [algorithm = '', value = ''] = first(fragment, 'fingerprint')?.split(' ') ?? [];
  const remote = RemoteTransport.safeParse({
    usernameFragment,
    password: first(fragment, 'ice-pwd'),
    fingerprint: { algorithm: algorithm.toLowerCase(), value: value.toUpperCase() },
  });
  const mid = first(fragment, 'mid') ?? '0';
  return { usernameFragment, mid, remote: remote.success ? remote.data : undefined };
}

/**
 * Our side after a restart (RFC 9725 4.3.3), and with it the fingerprint of the
 * new DTLS association (RFC 8842): the client puts both into the answer that it
 * has, in all sections.
 */
export const writeIceFragment = (local: LocalTransport, mid: string): string =>
  [
    `a=ice-ufrag:${local.usernameFragment}`,
    `a=ice-pwd:${local.password}`,
    `a=fingerprint:${local.fingerprint.algorithm} ${local.fingerprint.value}`,
    'a=setup:passive',
    'm=audio 9 UDP/TLS/RTP/SAVPF 0',
    `a=mid:${mid}`,
    ...local.candidates.map((candidate) => `a=candidate:${writeCandidate(candidate)}`),
    'a=end-of-candidates',
    '',
  ].join('\r\n');
