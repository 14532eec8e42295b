import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmphiError, messageOf } from '#base';
import type { Config } from '#config';

/** What lies in the data folder, and the secrets kept there. */
export interface DataFolder {
  path: string;
  /** Unix sockets; a short path, since such paths are limited to about 100 bytes. */
  sockets: string;
  redis: string;
  database: string;
  logs: string;
}

const MAX_SOCKET_PATH = 90;
const OWNER_ONLY = 0o700;

/** Makes the folder and what belongs in it. Throws `bad_config` when it cannot. */
export async function prepareDataFolder(path: string): Promise<DataFolder> {
  const inside = join(path, 'run');
  const short = join(
    tmpdir(),
    `amphi-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`,
  );
  const folder: DataFolder = {
    path,
    sockets: inside.length + '/supervisor.sock'.length > MAX_SOCKET_PATH ? short : inside,
    redis: join(path, 'redis'),
    database: join(path, 'postgres'),
    logs: join(path, 'logs'),
  };
  try {
    for (const made of [path, folder.sockets, folder.redis]) {
      await mkdir(made, { recursive: true, mode: OWNER_ONLY });
    }
    await chmod(folder.sockets, OWNER_ONLY);
  } catch (cause) {
    throw new AmphiError('bad_config', {
      field: 'dataDir',
      detail: `the data folder ${path} cannot be made: ${messageOf(cause)}`,
      cause,
    });
  }
  return folder;
}

export interface Secrets {
  adminToken: string;
  clusterSecret: string;
}

/** The configured secrets, or those of the data folder, made at the first start. */
export async function loadSecrets(config: Config): Promise<Secrets> {
  return {
    adminToken: config.adminToken ?? (await keptSecret(config.dataDir, 'admin-token', 24)),
    clusterSecret: config.clusterSecret ?? (await keptSecret(config.dataDir, 'cluster-secret', 48)),
  };
}

/** The secret of the TURN server that stands beside this machine's call server. */
export const turnSecret = async ({ dataDir, turn }: Config): Promise<string> =>
  turn.secret ?? (await keptSecret(dataDir, 'turn-secret', 32));

/** The name of this machine's part in a cluster: it stays the same over restarts, and no other data folder has it. */
export async function nodeName(config: Config): Promise<string> {
  return `${hostname()}-${(await keptSecret(config.dataDir, 'node-id', 6)).toLowerCase()}`;
}

async function keptSecret(folder: string, name: string, bytes: number): Promise<string> {
  const keys = join(folder, 'keys');
  const path = join(keys, name);
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known !== undefined && known.trim() !== '') return known.trim();
  const made = randomBytes(bytes).toString('base64url');
  await mkdir(keys, { recursive: true, mode: OWNER_ONLY });
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
  return made;
}
