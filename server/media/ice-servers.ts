import { createHmac } from 'node:crypto';
import type { Config } from '#config';

/** Long enough for a session to begin; a running one keeps what it has. */
const CREDENTIAL_SECONDS = 3_600;

/**
 * STUN and TURN servers as values of the Link field (RFC 9725 4.6). The
 * credentials of TURN hold for a time, as coturn makes them of a shared secret.
 */
export function iceServerLinks({ urls, secret }: Config['turn'], nowMs: number): string[] {
  const username = String(Math.floor(nowMs / 1000) + CREDENTIAL_SECONDS);
  return urls.flatMap((url) => {
    // RFC 7064 and 7065 have no slashes.
    const address = url.replace(/^(\w+):\/\//, '$1:');
    if (address.startsWith('stun:')) return [`<${address}>; rel="ice-server"`];
    if (secret === undefined) return [];
    const credential = createHmac('sha1', secret).update(username).digest('base64');
    return [
      `<${address}>; rel="ice-server"; username="${username}"; credential="${credential}"; credential-type="password"`,
    ];
  });
}
