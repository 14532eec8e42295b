/**
 * Trickled candidates as an SDP fragment (RFC 8840) for a WHIP session
 * (RFC 9725 4.3.2). All media shares one transport: that of the first section.
 */
export function iceFragment(
  offer: string,
  candidates: readonly { candidate: string }[],
  isComplete: boolean,
): string {
  const first = (pattern: RegExp) => pattern.exec(offer)?.[0];
  const lines = [
    first(/^a=ice-ufrag:\S+/m),
    first(/^a=ice-pwd:\S+/m),
    first(/^m=.+$/m)?.trimEnd(),
    first(/^a=mid:\S+/m),
    ...candidates.map(({ candidate }) => `a=${candidate}`),
    ...(isComplete ? ['a=end-of-candidates'] : []),
  ];
  return lines
    .filter((line) => line !== undefined)
    .map((line) => `${line}\r\n`)
    .join('');
}
