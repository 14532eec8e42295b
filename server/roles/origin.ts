import { OriginService } from '#edge';
import { extraConnection, run } from '#platform';
import { joinCluster, type RoleMain, serveNodes } from './common.ts';

/** The origin: takes pushes, keeps the DVR window. */
export const origin: RoleMain = async (base) => {
  const { context, tokens, metrics, log, disposer } = base;
  const { redis, registry } = joinCluster(base);
  const subscriber = extraConnection(redis, log, 'subscribe');
  const service = disposer.add(
    await OriginService.start({
      config: context.config,
      redis,
      subscriber,
      tokens,
      metrics,
      log,
    }),
  );
  await serveNodes(base, registry, 'origin', (req, res) => run(service.handler, req, res));
  return disposer;
};
