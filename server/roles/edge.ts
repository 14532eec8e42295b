import { Front, Relay, Upstream } from '#edge';
import { callServerOf, type NodeRegistry, nodeAuthorization, TokenVerifier } from '#platform';
import { callServerTag, eventInPath, tagInPath } from '../media/tag.ts';
import { joinCluster, METRICS_PATH, type RoleMain } from './common.ts';

const METRICS_TIMEOUT_MS = 2_000;
/** Roles whose processes measure something, beside this one. */
const MEASURING = ['api', 'callserver', 'ingest', 'transcode', 'origin'] as const;

/** The public port: a relay of media in front of this machine's origin or of other relays, and the way to the API. */
export const edge: RoleMain = async (base) => {
  const { context, log, tokens, metrics, disposer } = base;
  const { config } = context;
  const parents = config.edge.upstream.map((url) => url.replace(/\/+$/, ''));
  // A machine that only relays knows its parents and nobody else.
  const cluster = context.redis === undefined ? undefined : joinCluster(base);
  const find = async (role: string) =>
    cluster === undefined ? [] : (await cluster.nodes.nodes(role)).map(({ url }) => url);
  const callServer = async (path: string) => {
    const tag = tagInPath(path);
    const known = cluster === undefined ? [] : await cluster.registry.find('callserver');
    // A new session goes where its event is; an old one is where it was begun.
    const right =
      tag === undefined
        ? callServerOf(eventInPath(path) ?? '', known)
        : known.find(({ nodeId }) => callServerTag(nodeId) === tag);
    return right?.url ?? parents[0];
  };
  const authorization = nodeAuthorization(tokens, context.nodeId);
  const upstream = disposer.add(
    new Upstream({
      parents: async () => (parents.length > 0 ? parents : find('origin')),
      authorization,
      metrics,
      log,
    }),
  );
  const relay = disposer.add(
    new Relay({
      upstream,
      cacheBytes: config.edge.cacheBytes,
      tokens: new TokenVerifier(tokens),
      metrics,
      log,
    }),
  );
  const collect = async () => {
    const others =
      cluster === undefined
        ? []
        : await collectNodes(cluster.registry, config.internal.host, await authorization());
    return [await metrics.text(), ...others];
  };
  disposer.add(
    await Front.open({
      config,
      relay,
      // Where no API is known, a parent knows the way to one: pages and calls go there too.
      api: async () => (await find('api'))[0] ?? parents[0],
      callServer,
      metrics,
      metricsPage: { adminToken: context.adminToken, collect },
      log,
    }),
  );
  return disposer;
};

/** What the other processes of this machine measure; who does not answer is left out. */
async function collectNodes(
  registry: NodeRegistry,
  host: string,
  authorization: string,
): Promise<string[]> {
  const nodes = (await Promise.all(MEASURING.map((role) => registry.find(role)))).flat();
  const here = nodes.filter(({ url }) => new URL(url).hostname.replace(/^\[|\]$/g, '') === host);
  const answers = await Promise.allSettled(
    here.map(async ({ url }) => {
      const response = await fetch(`${url}${METRICS_PATH}`, {
        headers: { authorization },
        signal: AbortSignal.timeout(METRICS_TIMEOUT_MS),
      });
      return response.ok ? response.text() : '';
    }),
  );
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}
