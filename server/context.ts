import type { Config } from '#config';

/** What the supervisor tells a role's process; sent over its private channel, never in the environment. */
export interface RoleContext {
  config: Config;
  version: string;
  nodeId: string;
  /** Port of the listener for other nodes; the same at each restart, so that nobody has to look for it. */
  internalPort: number;
  /** Undefined on a machine that only relays. */
  redis: string | undefined;
  database: string;
  /** Where the embedded database's process keeps its files and its socket; only for that role. */
  embedded?: { folder: string; socketPath: string };
  adminToken: string;
  clusterSecret: string;
}

export const ROLE_PROCESSES = [
  'database',
  'api',
  'callserver',
  'ingest',
  'transcode',
  'origin',
  'edge',
] as const;
export type RoleProcess = (typeof ROLE_PROCESSES)[number];

/** From the supervisor to a role's process. */
export type ToRole =
  | { type: 'start'; context: RoleContext }
  /** Another process of the same role has died. */
  | { type: 'sibling-died'; nodeId: string }
  | { type: 'stop' };

/** From a role's process to the supervisor. */
export type FromRole = { type: 'ready' } | { type: 'failed'; reason: string; code: string };
