/**
 * The origin of a session description (RFC 8866 5.2) without its version: the
 * same in every description of one RTCPeerConnection (RFC 8829 5.2.2), another
 * one in those of the next. Empty when there is none.
 */
export function descriptionOrigin(sdp: string): string {
  const [, username = '', id = ''] = sdp.match(/^o=(\S+) (\S+) /m) ?? [];
  return `${username} ${id}`.trim();
}
