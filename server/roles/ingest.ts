import { IngestService } from '#ingest';
import { run } from '#platform';
import { joinCluster, type RoleMain, serveNodes } from './common.ts';

/** The input manager. */
export const ingest: RoleMain = async (base) => {
  const { context, tokens, metrics, log, disposer } = base;
  const { redis, registry, nodes } = joinCluster(base);
  const { config, nodeId } = context;
  const service = disposer.add(
    await IngestService.start({ config, redis, nodeId, nodes, tokens, metrics, log }),
  );
  await serveNodes(base, registry, 'ingest', (req, res) => run(service.handler, req, res));
  return disposer;
};
