/** A link of the field: its target and what follows it. */
const LINK = /<([^>]+)>((?:\s*;\s*[\w-]+=(?:"(?:[^"\\]|\\.)*"|[^",;\s]+))*)/g;
const PARAMETER = /;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]+))/g;

/** One value of a Link field (RFC 8288). */
interface Link {
  target: string;
  /** By lower-case name. */
  parameters: ReadonlyMap<string, string>;
}

function linksOf(field: string | null): Link[] {
  const links: Link[] = [];
  for (const [, target = '', rest = ''] of (field ?? '').matchAll(LINK)) {
    const parameters = new Map<string, string>();
    for (const [, name = '', quoted, bare] of rest.matchAll(PARAMETER)) {
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
    }
    links.push({ target, parameters });
  }
  return links;
}

/** Where the first link of this relation leads. */
export const linkTo = (field: string | null, relation: string): string | undefined =>
  linksOf(field).find(({ parameters }) => parameters.get('rel') === relation)?.target;

/** The STUN and TURN servers of a Link field (RFC 9725 4.6). */
export const iceServersOf = (field: string | null): RTCIceServer[] =>
  linksOf(field)
    .filter(({ parameters }) => parameters.get('rel') === 'ice-server')
    .map(({ target, parameters }) => {
      const [username, credential] = [parameters.get('username'), parameters.get('credential')];
      return {
        urls: target,
        ...(username === undefined ? {} : { username }),
        ...(credential === undefined ? {} : { credential }),
      };
    });
