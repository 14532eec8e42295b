import { availableParallelism } from 'node:os';
import { messageOf } from '#base';
import { extraConnection, sendJson } from '#platform';
import { findEncoder, RoomRenditionWorker, TranscodeWorker } from '#transcode';
import { joinCluster, type RoleMain, serveNodes } from './common.ts';

/** One worker of the bank of transcoders. */
export const transcode: RoleMain = async (base) => {
  const { context, tokens, log, metrics, disposer } = base;
  const { redis, registry, nodes } = joinCluster(base);
  const { config, nodeId } = context;
  const encoder = await findEncoder(config.transcode.encoder);
  log.info({ encoder: encoder.name }, 'encoder chosen');
  const blockingRedis = extraConnection(redis, log, 'block');
  disposer.defer(() => blockingRedis.disconnect());
  const worker = disposer.add(
    await TranscodeWorker.start({
      config,
      nodes,
      tokens,
      encoder,
      cores: availableParallelism(),
      log,
      redis,
      blockingRedis,
      nodeId,
      slots: config.transcode.jobsPerWorker,
    }),
  );
  const rooms = disposer.add(
    await RoomRenditionWorker.start({
      blockingRedis,
      nodes,
      slots: config.transcode.roomRenditions,
      log,
    }),
  );
  metrics.gauge({
    name: 'transcode_room_renditions',
    help: 'Smaller pictures for rooms that this worker makes.',
    read: () => rooms.jobs,
  });
  await serveNodes(base, registry, 'transcode', (_req, res) =>
    sendJson(res, { jobs: worker.jobs, roomRenditions: rooms.jobs }),
  );
  return {
    close: () => disposer.close(),
    siblingDied: (sibling) => {
      worker
        .adopt(sibling)
        .catch((error) => log.warn({ reason: messageOf(error) }, 'take-over failed'));
    },
  };
};
