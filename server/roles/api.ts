import { join } from 'node:path';
import { delay, type Logger, messageOf } from '#base';
import { BUS_STREAM, busEventSchema } from '#contracts';
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
import { extraConnection, openObjects, type Redis, run } from '#platform';
import { type Db, migrate, openDatabase } from '#platform/sql';
import { createApi } from '../api/app.ts';
import { EventRepository } from '../api/repository.ts';
import { iceServers } from '../media/ice-servers.ts';
import {
  type Cluster,
  joinCluster,
  type RoleBase,
  type RoleMain,
  serveNodes,
  type Upgrade,
} from './common.ts';

/** In the data folder. */
const OBJECTS = 'objects';
const BUS_CURSOR = 'amphi:bus:books';
const READ_BLOCK_MS = 5_000;
const READ_COUNT = 100;
const AFTER_FAILURE_MS = 500;

/** The API and the pages. */
export const api: RoleMain = async (base) => {
  const { context, log, tokens, disposer } = base;
  const { redis, registry, nodes } = joinCluster(base);
  const database = disposer.add(await openDatabase(context.database));
  await migrate(database.db);
  const subscriber = extraConnection(redis, log, 'subscribe');
  disposer.defer(() => subscriber.disconnect());
  const { meetings, files, users, upgrade } = await startSignaling(
    base,
    { redis, nodes },
    database.db,
  );
  const api = await createApi({
    meetings,
    files,
    users,
    config: context.config,
    version: context.version,
    db: database.db,
    redis,
    subscriber,
    nodes,
    tokens,
    adminToken: context.adminToken,
    log,
  });
  await serveNodes(
    base,
    registry,
    'api',
    (req, res) => run((q, s) => api.app(q, s), req, res),
    upgrade,
  );
  disposer.add(api);
  const bus = extraConnection(redis, log, 'block');
  disposer.defer(() => bus.disconnect());
  keepBooks(bus, database.db, log, disposer);
  return disposer;
};

/** The rooms, the sockets of those who are in them, and those of accounts. */
async function startSignaling(
  { context, log, tokens, metrics, disposer }: RoleBase,
  { redis, nodes }: Pick<Cluster, 'redis' | 'nodes'>,
  db: Db,
): Promise<{
  meetings: MeetingService;
  files: MeetingFiles;
  users: UserGateway;
  upgrade: Upgrade;
}> {
  const { nodeId, config } = context;
  const repository = new MeetingRepository(db);
  const ice = () => iceServers(config.turn, Date.now());
  const { s3, dataDir } = config;
  const files = disposer.add(
    new MeetingFiles({
      objects: openObjects({ s3, folder: join(dataDir, OBJECTS) }),
      files: new FileRepository(db),
      settings: config.files,
      log,
    }),
  );
  const rooms = disposer.add(
    await Rooms.start({
      redis,
      nodes,
      nodeId,
      meetings: repository,
      chat: new ChatStore(db),
      files,
      iceServers: ice,
      log,
    }),
  );
  const meetings = new MeetingService({
    meetings: repository,
    rooms,
    files,
    redis,
    tokens,
    joinsPerMinute: config.people.joinsPerMinute,
  });
  const upgrader = disposer.add(new Upgrader({ nodeId, log }));
  const gateway = new SignalGateway({ rooms, tokens, upgrader, iceServers: ice, log });
  const users = disposer.add(
    new UserGateway({
      redis,
      db,
      tokens,
      upgrader,
      meetings,
      ringMs: config.people.ringSeconds * 1_000,
      iceServers: ice,
      log,
    }),
  );
  metrics.gauge({
    name: 'signaling_sockets',
    help: 'WebSockets of people in meetings and of accounts on this node.',
    read: () => upgrader.open,
  });
  metrics.gauge({
    name: 'meeting_rooms',
    help: 'Rooms that this node holds.',
    read: () => rooms.size,
  });
  metrics.gauge({
    name: 'meeting_room_sockets',
    help: 'Sockets in the rooms that this node holds, those of other nodes too.',
    read: () => rooms.lines,
  });
  const upgrade: Upgrade = (req, socket, head) => {
    const isUser = req.url?.split('?')[0] === '/signal/user';
    (isUser ? users : gateway).upgrade(req, socket, head);
  };
  return { meetings, files, users, upgrade };
}

/** Writes down when events were on air, from the bus; where it stopped is remembered in Redis. */
function keepBooks(
  bus: Redis,
  db: Db,
  log: Logger,
  disposer: { defer(undo: () => unknown): void },
): void {
  const events = new EventRepository(db);
  let stopped = false;
  disposer.defer(() => {
    stopped = true;
  });
  const loop = async () => {
    while (!stopped) {
      try {
        const cursor = (await bus.get(BUS_CURSOR)) ?? '0';
        const answer = await bus.xread(
          'COUNT',
          READ_COUNT,
          'BLOCK',
          READ_BLOCK_MS,
          'STREAMS',
          BUS_STREAM,
          cursor,
        );
        for (const [, entries] of answer ?? []) {
          for (const [id, fields] of entries) {
            await note(events, fields[1] ?? '').catch((error) =>
              log.warn({ reason: messageOf(error) }, 'bus event not written down'),
            );
            await bus.set(BUS_CURSOR, id);
          }
        }
      } catch (error) {
        if (stopped) return;
        log.debug({ reason: messageOf(error) }, 'bus not readable');
        await delay(AFTER_FAILURE_MS);
      }
    }
  };
  loop();
}

async function note(events: EventRepository, text: string): Promise<void> {
  const parsed = busEventSchema.safeParse(JSON.parse(text));
  if (!parsed.success) return;
  const event = parsed.data;
  if (event.type === 'program.started') {
    await events.runStarted(event.eventId, event.runId, new Date(event.at));
  } else if (event.type === 'program.ended') {
    await events.runEnded(event.runId, new Date(event.at), event.reason);
  }
}
