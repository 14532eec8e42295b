import { createHmac } from 'node:crypto';
import type { Config } from '#config';
import type { IceServer } from '#contracts';

/** Long enough for a session to begin; a running one keeps what it has. */
const CREDENTIAL_SECONDS = 3_600;

/**
 * STUN and TURN servers as a browser takes them. The credentials of TURN hold
 * for a time, as coturn makes them of a shared secret.
 */
export function iceServers({ urls, secret }: Config['turn'], nowMs: number): IceServer[] {
  const username = String(Math.floor(nowMs / 1000) + CREDENTIAL_SECONDS);
  return urls.flatMap((url): IceServer[] => {
    // RFC 7064 and 7065 have no slashes.
    const address = url.replace(/^(\w+):\/\//, '$1:');
    if (address.startsWith('stun:')) return [{ urls: [address] }];
    if (secret === undefined) return [];
    const credential = createHmac('sha1', secret).update(username).digest('base64');
    return [{ urls: [address], username, credential }];
  });
}

/** The same as values of the Link field (RFC 9725 4.6). */
export function iceServerLinks(turn: Config['turn'], nowMs: number): string[] {
  return iceServers(turn, nowMs).flatMap(({ urls, username, credential }) =>
    urls.map((url) =>
      credential === undefined
        ? `<${url}>; rel="ice-server"`
        : `<${url}>; rel="ice-server"; username="${username}"; credential="${credential}"; credential-type="password"`,
    ),
  );
}
