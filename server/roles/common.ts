import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AmphiError, type Closable, type Disposer, type Logger } from '#base';
import {
  bearerOf,
  connectRedis,
  createLogger,
  type Handler,
  listenInternal,
  METRICS_CONTENT_TYPE,
  Metrics,
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
  /** Takes what this process measures of itself. */
  metrics: Metrics;
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
  const tokens = new TokenIssuer(context.clusterSecret);
  const metrics = new Metrics({ role, node: context.nodeId });
  return { context, log, tokens, metrics, disposer };
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

/** Where a process shows to others what it measures. */
export const METRICS_PATH = '/metrics';

/** Takes a request that wants to become a WebSocket. */
export type Upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Opens the listener for other nodes and tells them where it is. */
export async function serveNodes(
  { context, tokens, metrics, disposer }: RoleBase,
  registry: NodeRegistry,
  role: string,
  handler: Handler,
  upgrade?: Upgrade,
): Promise<void> {
  const { host } = context.config.internal;
  const withMetrics: Handler = async (req, res) => {
    if (req.url !== METRICS_PATH) return handler(req, res);
    await tokens.verify('node', bearerOf(req.headers.authorization));
    res.setHeader('content-type', METRICS_CONTENT_TYPE);
    res.end(await metrics.text());
  };
  const listener = await listenInternal(withMetrics, { host, port: context.internalPort });
  disposer.add(listener);
  if (upgrade !== undefined) listener.server.on('upgrade', upgrade);
  await registry.register({
    nodeId: context.nodeId,
    role,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}`,
    startedAt: Date.now(),
  });
}
