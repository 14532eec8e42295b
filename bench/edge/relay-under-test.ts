import { silentLogger } from '#base';
import { loadConfig } from '#config';
import { Front, Relay, Upstream } from '#edge';
import { Metrics, TokenIssuer, TokenVerifier } from '#platform';

/** The public port of a machine that only relays, without the supervisor around it. */

const [port = '0', parent = ''] = process.argv.slice(2);
const config = loadConfig({
  env: { AMPHI_HTTP_PORT: port, AMPHI_EDGE_UPSTREAM: parent },
  cwd: '/nonexistent',
});
const metrics = new Metrics({ role: 'edge', node: 'bench' });
const upstream = new Upstream({
  parents: async () => [parent],
  authorization: async () => 'Bearer none',
  log: silentLogger,
});
const relay = new Relay({
  upstream,
  cacheBytes: config.edge.cacheBytes,
  tokens: new TokenVerifier(new TokenIssuer('a secret that nobody uses, 32 bytes')),
  metrics,
  log: silentLogger,
});
await Front.open({
  config,
  relay,
  api: async () => undefined,
  callServer: async () => undefined,
  metrics,
  metricsPage: { adminToken: 'bench', collect: async () => [] },
  log: silentLogger,
});
process.send?.('ready');
process.on('disconnect', () => process.exit());
