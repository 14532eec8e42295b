/**
 * Trickled candidates as an SDP fragment (RFC 8840) for a WHIP session
 * (RFC 9725 4.3.2). All media shares one transport: that of the first section.
 */
export function iceFragment(
  offer: string,
  candidates: readonly { candidate: string }[],
  isComplete: boolean,
): string {
  return linesOf([
    first(offer, /^a=ice-ufrag:\S+/m),
    first(offer, /^a=ice-pwd:\S+/m),
    ...sectionLines(offer),
    ...candidates.map(({ candidate }) => `a=${candidate}`),
    ...(isComplete ? ['a=end-of-candidates'] : []),
  ]);
}

/**
 * The fragment that asks for an ICE restart (RFC 9725 4.3.3), out of the offer
 * of the restart. With the fingerprint it says that we are ready for a new DTLS
 * association too: Amphi cannot keep the old one.
 */
export const restartFragment = (offer: string): string =>
  linesOf([
    first(offer, /^a=ice-ufrag:\S+/m),
    first(offer, /^a=ice-pwd:\S+/m),
    first(offer, /^a=fingerprint:\S+ \S+/m),
    'a=setup:actpass',
    ...sectionLines(offer),
  ]);

const OWN_OF_TRANSPORT = /^a=(ice-ufrag|ice-pwd|fingerprint|candidate|end-of-candidates)\b/;

/**
 * The answer to the offer of a restart: the one before it, with the server's
 * new side of the transport in each section. Undefined when the fragment lacks
 * some of it.
 */
export function restartedAnswer(answer: string, fragment: string): string | undefined {
  const transport = [/^a=ice-ufrag:\S+/m, /^a=ice-pwd:\S+/m, /^a=fingerprint:\S+ \S+/m].map(
    (pattern) => first(fragment, pattern),
  );
  if (transport.includes(undefined)) return undefined;
  const candidates = fragment.match(/^a=candidate:.+$/gm)?.map((line) => line.trimEnd()) ?? [];
  const kept = answer.split(/\r?\n/).filter((line) => !OWN_OF_TRANSPORT.test(line));
  const lines = kept.flatMap((line) =>
    line.startsWith('a=mid:') ? [line, ...transport, ...candidates, 'a=end-of-candidates'] : [line],
  );
  return linesOf(lines.filter((line) => line !== ''));
}

const first = (sdp: string, pattern: RegExp): string | undefined =>
  pattern.exec(sdp)?.[0].trimEnd();

const sectionLines = (offer: string): (string | undefined)[] => [
  first(offer, /^m=.+$/m),
  first(offer, /^a=mid:\S+/m),
];

const linesOf = (lines: readonly (string | undefined)[]): string =>
  lines
    .filter((line) => line !== undefined)
    .map((line) => `${line}\r\n`)
    .join('');
