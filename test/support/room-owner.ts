import { silentLogger } from '#base';
import {
  connectRedis,
  NodeClient,
  NodeRegistry,
  type Redis,
  RoomMedia,
  TokenIssuer,
} from '#platform';
import { RedisServer } from './redis.ts';

const SECRET = 'one-secret-for-all-the-nodes-of-the-cluster';

/** What owns rooms on call-server nodes, in the place of a signalling node; with the Redis of all. */
export class RoomOwner {
  readonly redis: Redis;
  readonly registry: NodeRegistry;
  readonly nodes: NodeClient;
  /** What makes an instance a node of the same cluster. */
  readonly env: Readonly<Record<string, string>>;
  readonly #server: RedisServer;

  private constructor(server: RedisServer) {
    this.#server = server;
    this.env = { AMPHI_REDIS_URL: server.url, AMPHI_CLUSTER_SECRET: SECRET };
    this.redis = connectRedis(server.url, { log: silentLogger });
    this.registry = new NodeRegistry(this.redis, silentLogger);
    const tokens = new TokenIssuer(SECRET);
    this.nodes = new NodeClient({ registry: this.registry, tokens, nodeId: 'signalling' });
  }

  static async start(): Promise<RoomOwner> {
    return new RoomOwner(await RedisServer.start());
  }

  openRoom(roomId: string, fence = 1): Promise<RoomMedia> {
    return RoomMedia.open({ nodes: this.nodes, roomId, fence, log: silentLogger });
  }

  async stop(): Promise<void> {
    await this.registry.close();
    this.redis.disconnect();
    await this.#server.stop();
  }
}
