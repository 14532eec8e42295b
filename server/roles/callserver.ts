import { hkdfSync } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { AmphiError } from '#base';
import type { WorkerSettings } from '#callserver';
import type { Config } from '#config';
import { ROOM_RENDITIONS_PATH } from '#contracts';
import { extraConnection, run, TokenVerifier } from '#platform';
import { isUnspecified } from '../local-address.ts';
import { announcedAddresses, freeUdpPort } from '../media/addresses.ts';
import { AudienceReport } from '../media/audience-report.ts';
import { Neighbours } from '../media/links/neighbours.ts';
import { LINK_PATH } from '../media/links/protocol.ts';
import { WorkerLinks } from '../media/links/worker-link.ts';
import { LiveStates } from '../media/live-states.ts';
import { RenditionReceiver } from '../media/rendition-receiver.ts';
import { ROOMS_PATH, RoomsEndpoint } from '../media/rooms/endpoint.ts';
import { Rooms } from '../media/rooms/rooms.ts';
import { SdOrders } from '../media/rooms/sd/orders.ts';
import { callServerTag } from '../media/tag.ts';
import { WhepEndpoint } from '../media/whep.ts';
import { WhipEndpoint } from '../media/whip.ts';
import { measureWorkers } from '../media/worker-metrics.ts';
import { WorkerPool } from '../media/worker-pool.ts';
import { joinCluster, type RoleMain, serveNodes } from './common.ts';

/** The call server: its worker processes, and the publishers that come to them. */
export const callserver: RoleMain = async (base) => {
  const { context, log, metrics, tokens, disposer } = base;
  const { redis, registry, nodes } = joinCluster(base);
  const { config, nodeId } = context;
  const { host, media } = config;
  const announced = announcedAddresses(config);
  const internal = await internalAddress(config.internal.host, announced);
  const settings = await Promise.all(
    Array.from({ length: media.workers }, async (_, i) => ({
      port: media.port === 0 ? await freeUdpPort(host) : media.port + i,
      bindAddress: host,
      announcedAddresses: announced,
      pipes: {
        bindAddress: isUnspecified(config.internal.host) ? config.internal.host : internal,
        announcedAddress: internal,
        // With free ports for peers, several may be on this machine.
        port: media.port === 0 || media.pipePort === 0 ? 0 : media.pipePort + i,
      },
      tcp: media.tcp,
      ...relayPort(config, i),
    })),
  );
  const pool = disposer.add(await WorkerPool.start(settings, log));
  measureWorkers(pool, metrics);
  const nodeTag = callServerTag(nodeId);
  const whip = disposer.add(new WhipEndpoint({ config, pool, nodes, tokens, nodeTag, log }));
  const renditions = disposer.add(new RenditionReceiver({ tokens, log }));
  const states = disposer.add(
    LiveStates.start(redis, extraConnection(redis, log, 'subscribe'), log),
  );
  const whep = disposer.add(
    new WhepEndpoint({
      config,
      pool,
      nodes,
      tokens: new TokenVerifier(tokens),
      states,
      renditions,
      whip,
      nodeTag,
      log,
    }),
  );
  const maxSessionsPerWorker = media.workerSessions;
  const pipeSecret = pipeSecretOf(context.clusterSecret);
  const elsewhere = new Neighbours({ nodes, nodeId, pipeSecret, log });
  const links = new WorkerLinks({ pool, tokens, pipeSecret, log });
  const sdOrders = disposer.add(SdOrders.over(redis, { nodeId, tokens, log }));
  const rooms = disposer.add(
    new Rooms({ pool, nodes, maxSessionsPerWorker, elsewhere, sdOrders, log }),
  );
  const roomsEndpoint = new RoomsEndpoint({ rooms, pool, tokens });
  metrics.gauge({
    name: 'callserver_rooms',
    help: 'Rooms whose media is on this node.',
    read: () => rooms.ids.length,
  });
  metrics.gauge({
    name: 'callserver_room_sessions',
    help: 'WebRTC sessions of rooms.',
    read: () => rooms.sessions,
  });
  metrics.gauge({
    name: 'callserver_room_renditions',
    help: 'Smaller pictures that rooms have the bank make.',
    read: () => sdOrders.count,
  });
  metrics.total({
    name: 'whip_publishes_total',
    help: 'WHIP offers, by how they were answered.',
    label: 'result',
    read: () => ({ ...whip.counts }),
  });
  metrics.gauge({
    name: 'whip_lost',
    help: 'Packets and access units that present WHIP publishers have lost for good.',
    read: () => whip.lost,
  });
  const count = () => whep.counts();
  disposer.add(new AudienceReport({ nodes, nodeTag, count, log }));
  metrics.gauge({
    name: 'whep_viewers',
    help: 'WHEP sessions of viewers.',
    read: () => whep.viewers,
  });
  metrics.total({
    name: 'whep_plays_total',
    help: 'WHEP offers, by how they were answered.',
    label: 'result',
    read: () => ({ ...whep.offers }),
  });
  metrics.gauge({
    name: 'whep_rendition_feeds',
    help: 'Transcoding jobs that send their renditions for WebRTC.',
    read: () => renditions.writers,
  });
  await serveNodes(base, registry, 'callserver', (req, res) =>
    run(
      (q, s) => {
        if (q.url?.startsWith('/whip/')) return whip.handler(q, s);
        if (q.url?.startsWith('/whep/')) return whep.handler(q, s);
        if (q.url?.startsWith('/renditions/')) return renditions.handler(q, s);
        if (q.url?.startsWith(ROOM_RENDITIONS_PATH)) return sdOrders.handler(q, s);
        if (q.url?.startsWith(ROOMS_PATH)) return roomsEndpoint.handler(q, s);
        if (q.url === LINK_PATH) return links.handler(q, s);
        throw new AmphiError('not_found');
      },
      req,
      res,
    ),
  );
  return disposer;
};

/** Where other nodes send what goes through pipes; a name is looked up once. */
async function internalAddress(host: string, announced: readonly string[]): Promise<string> {
  if (isUnspecified(host)) return announced[0] ?? host;
  return (await lookup(host)).address;
}

/** What the call-server nodes of a cluster know, and nobody else: for the keys of their pipes. */
const pipeSecretOf = (clusterSecret: string): string =>
  Buffer.from(hkdfSync('sha256', clusterSecret, 'amphi', 'pipes', 32)).toString('base64url');
/** The port behind those of the workers, where TURN servers are told of; one of ours reaches any. */
const relayPort = ({ media, turn }: Config, worker: number): Pick<WorkerSettings, 'relayPort'> => {
  if (turn.urls.length === 0) return {};
  return { relayPort: media.port === 0 ? 0 : media.port + media.workers + worker };
};
