import { sha256Hex } from '#platform';

const CHARACTERS = 8;
const PUBLISHER = /^\/whip\/[^/]+\/[^/]+\/([0-9a-f]{8})\.[^/]+$/;
/** What belongs to a viewer's session lies below it. */
const VIEWER = /^\/whep\/[^/]+\/([0-9a-f]{8})\.[^/]+(?:\/|$)/;
const EVENT = /^\/(?:whip|whep)\/([^/]+)/;

/** What stands for a call-server node in the addresses of its sessions; says nothing of the machine. */
export const callServerTag = (nodeId: string): string => sha256Hex(nodeId).slice(0, CHARACTERS);

/** The tag in the path of a session's resource, or of what lies below it; undefined in others. */
export function tagInPath(path: string): string | undefined {
  const [plain = ''] = path.split('?');
  return (PUBLISHER.exec(plain) ?? VIEWER.exec(plain))?.[1];
}

/** The event that a request of WHIP or WHEP is about; undefined in other paths. */
export const eventInPath = (path: string): string | undefined =>
  EVENT.exec(path.split('?')[0] ?? '')?.[1];
