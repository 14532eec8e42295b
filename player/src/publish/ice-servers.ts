/** A link of the field: its target and what follows it. */
const LINK = /<([^>]+)>((?:\s*;\s*[\w-]+=(?:"(?:[^"\\]|\\.)*"|[^",;\s]+))*)/g;
const PARAMETER = /;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]+))/g;

/** The STUN and TURN servers of a Link field (RFC 9725 4.6). */
export function iceServersOf(link: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, urls = '', rest = ''] of (link ?? '').matchAll(LINK)) {
    const about = new Map<string, string>();
    for (const [, name = '', quoted, bare] of rest.matchAll(PARAMETER)) {
      about.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
    }
    if (about.get('rel') !== 'ice-server') continue;
    const [username, credential] = [about.get('username'), about.get('credential')];
    servers.push({
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    });
  }
  return servers;
}
