import { AmphiError, type Closable, type Disposer, type Logger } from '#base';
import {
  connectRedis,
  createLogger,
  type Handler,
  listenInternal,
  NodeClient,
  NodeRegistry,
  type Redis,
  TokenIssuer,
} from '#platform';
import type { RoleContext } from '../context.ts';

/** What every role's process is given. */
export interface RoleBase {
  context: RoleContext;
  log: Logger;
  tokens: TokenIssuer;
  disposer: Disposer;
}

/** What a role stands on that works together with others. */
export interface Cluster {
  redis: Redis;
  registry: NodeRegistry;
  nodes: NodeClient;
}

/** A running role. */
export interface RunningRole extends Closable {
  siblingDied?: (nodeId: string) => void;
}

export type RoleMain = (base: RoleBase) => Promise<RunningRole>;

export function roleBase(context: RoleContext, role: string, disposer: Disposer): RoleBase {
  const log = createLogger({ level: context.config.logLevel, role });
  return { context, log, tokens: new TokenIssuer(context.clusterSecret), disposer };
}

/** Joins the cluster. Throws `bad_config` where no Redis is configured. */
export function joinCluster({ context, log, tokens, disposer }: RoleBase): Cluster {
  if (context.redis === undefined) {
    throw new AmphiError('bad_config', 'this role needs Redis: set AMPHI_REDIS_URL');
  }
  const redis = connectRedis(context.redis, { log });
  disposer.defer(() => redis.disconnect());
  const registry = disposer.add(new NodeRegistry(redis, log));
  const nodes = new NodeClient({ registry, tokens, nodeId: context.nodeId });
  return { redis, registry, nodes };
}

/** Opens the listener for other nodes and tells them where it is. */
export async function serveNodes(
  { context, disposer }: RoleBase,
  registry: NodeRegistry,
  role: string,
  handler: Handler,
): Promise<void> {
  const { host } = context.config.internal;
  const listener = await listenInternal(handler, { host, port: context.internalPort });
  disposer.add(listener);
  await registry.register({
    nodeId: context.nodeId,
    role,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}`,
    startedAt: Date.now(),
  });
}
