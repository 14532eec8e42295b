import { createHmac } from 'node:crypto';
import { randomId } from '#base';
import type { Config } from '#config';
import type { IceServer } from '#contracts';

/** Long enough for a session to begin; a running one keeps what it has. */
const CREDENTIAL_SECONDS = 3_600;
/** What is handed out counts by itself against the TURN server's quota of a user. */
const USER_CHARACTERS = 12;

type TurnServers = Pick<Config['turn'], 'urls' | 'secret'>;

/**
 * The STUN and TURN servers for one client, as a browser takes them. The
 * credentials of TURN hold for an hour, as coturn makes them of a shared secret:
 * its time of expiry and a user name, signed (draft-uberti-behave-turn-rest-00).
 * TURN servers without a secret are left out.
 */
export function iceServers({ urls, secret }: TurnServers, nowMs: number): IceServer[] {
  const expires = Math.floor(nowMs / 1000) + CREDENTIAL_SECONDS;
  const username = `${expires}:${randomId(USER_CHARACTERS)}`;
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
export const iceServerLinks = (turn: TurnServers, nowMs: number): string[] =>
  iceServers(turn, nowMs).flatMap(({ urls, username, credential }) =>
    urls.map((url) =>
      credential === undefined
        ? `<${url}>; rel="ice-server"`
        : `<${url}>; rel="ice-server"; username="${username}"; credential="${credential}"; credential-type="password"`,
    ),
  );
