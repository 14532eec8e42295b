import { sha256Hex } from '#platform';

const CHARACTERS = 8;
const RESOURCE = /^\/whip\/[^/]+\/[^/]+\/([0-9a-f]{8})\.[^/]+$/;

/** What stands for a call-server node in the addresses of its sessions; says nothing of the machine. */
export const callServerTag = (nodeId: string): string => sha256Hex(nodeId).slice(0, CHARACTERS);

/** The tag in the path of a session's resource; undefined in others. */
export const tagInPath = (path: string): string | undefined =>
  RESOURCE.exec(path.split('?')[0] ?? '')?.[1];
