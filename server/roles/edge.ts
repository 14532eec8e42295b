import { Front, Relay, Upstream } from '#edge';
import { nodeAuthorization } from '#platform';
import { joinCluster, type RoleMain } from './common.ts';

/** The public port: a relay of media in front of this machine's origin or of other relays, and the way to the API. */
export const edge: RoleMain = async (base) => {
  const { context, log, tokens, disposer } = base;
  const { config } = context;
  const parents = config.edge.upstream.map((url) => url.replace(/\/+$/, ''));
  // A machine that only relays knows its parents and nobody else.
  const cluster = context.redis === undefined ? undefined : joinCluster(base);
  const find = async (role: string) =>
    cluster === undefined ? [] : (await cluster.nodes.nodes(role)).map(({ url }) => url);
  const upstream = new Upstream({
    parents: async () => (parents.length > 0 ? parents : find('origin')),
    authorization: nodeAuthorization(tokens, context.nodeId),
    log,
  });
  disposer.defer(() => upstream.close());
  const relay = new Relay({ upstream, cacheBytes: config.edge.cacheBytes, log });
  disposer.add(await Front.open({ config, relay, api: async () => (await find('api'))[0], log }));
  return disposer;
};
