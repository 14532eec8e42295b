import { createServer } from 'node:http';
import { join } from 'node:path';
import { silentLogger } from '#base';
import {
  ChatStore,
  FileRepository,
  MeetingFiles,
  MeetingRepository,
  MeetingService,
  Rooms,
  SignalGateway,
  Upgrader,
  UserGateway,
} from '#meeting';
import {
  connectRedis,
  type Listener,
  listen,
  NodeClient,
  NodeRegistry,
  openObjects,
  type Redis,
  TokenIssuer,
} from '#platform';
import { type Database, openDatabase } from '#platform/sql';

/** One more signalling node, in this process, on the Redis and the database of a running Amphi. */
export class SignalingNode {
  readonly rooms: Rooms;
  /** Base of its WebSockets. */
  readonly base: string;
  readonly #files: MeetingFiles;
  readonly #users: UserGateway;
  readonly #upgrader: Upgrader;
  readonly #listener: Listener;
  readonly #redis: Redis;
  readonly #database: Database;

  private constructor(parts: {
    rooms: Rooms;
    files: MeetingFiles;
    users: UserGateway;
    upgrader: Upgrader;
    listener: Listener;
    redis: Redis;
    database: Database;
  }) {
    this.rooms = parts.rooms;
    this.base = `ws://127.0.0.1:${parts.listener.port}`;
    this.#files = parts.files;
    this.#users = parts.users;
    this.#upgrader = parts.upgrader;
    this.#listener = parts.listener;
    this.#redis = parts.redis;
    this.#database = parts.database;
  }

  static async start(options: {
    nodeId: string;
    dataDir: string;
    secret: string;
  }): Promise<SignalingNode> {
    const { nodeId, dataDir, secret } = options;
    const log = silentLogger;
    const redis = connectRedis(`unix:${join(dataDir, 'run', 'redis.sock')}`, { log });
    const database = await openDatabase(`unix:${join(dataDir, 'run', 'postgres.sock')}`);
    const tokens = new TokenIssuer(secret);
    const registry = new NodeRegistry(redis, log);
    const files = new MeetingFiles({
      objects: openObjects({ s3: {}, folder: join(dataDir, 'objects') }),
      files: new FileRepository(database.db),
      settings: { maxBytes: 1, meetingMaxBytes: 1, endings: [] },
      log,
    });
    const repository = new MeetingRepository(database.db);
    const iceServers = () => [];
    const rooms = await Rooms.start({
      redis,
      nodes: new NodeClient({ registry, tokens, nodeId }),
      nodeId,
      meetings: repository,
      chat: new ChatStore(database.db),
      files,
      iceServers,
      log,
    });
    const upgrader = new Upgrader({ nodeId, log });
    const gateway = new SignalGateway({ rooms, tokens, upgrader, iceServers, log });
    const users = new UserGateway({
      redis,
      db: database.db,
      tokens,
      upgrader,
      meetings: new MeetingService({
        meetings: repository,
        rooms,
        files,
        redis,
        tokens,
        joinsPerMinute: 600,
      }),
      ringMs: 30_000,
      iceServers,
      log,
    });
    const server = createServer();
    server.on('upgrade', (req, socket, head) => {
      const isUser = req.url?.startsWith('/signal/user?');
      (isUser ? users : gateway).upgrade(req, socket, head);
    });
    const listener = await listen(server, { host: '127.0.0.1', port: 0 });
    return new SignalingNode({ rooms, files, users, upgrader, listener, redis, database });
  }

  async stop(): Promise<void> {
    await this.#upgrader.close();
    await this.#users.close();
    await this.rooms.close();
    await this.#files.close();
    await this.#listener.close();
    await this.#database.close();
    this.#redis.disconnect();
  }
}
