import { z } from 'zod';
import { AmphiError, delay, messageOf } from '#base';
import type { Config } from '#config';
import { serverInfoSchema } from '#contracts';
import type { NodeClient, Redis } from '#platform';
import type { Db } from '#platform/sql';
import { type Route, route } from './route.ts';

export interface OperationsDeps {
  config: Config;
  version: string;
  db: Db;
  redis: Redis;
  nodes: NodeClient;
}

const TAG = 'Operations';
/** What takes longer to answer cannot serve. */
const CHECK_MS = 2_000;

/** What this server is, and whether it can do its work. */
export function operationsRoutes(deps: OperationsDeps): Route[] {
  return [infoRoute(deps), readyRoute(deps)];
}

function infoRoute({ config, version }: OperationsDeps): Route {
  return route({
    method: 'get',
    path: '/api/info',
    summary: 'What this server is and offers',
    tag: TAG,
    access: 'public',
    answers: { status: 200, schema: serverInfoSchema, description: 'The server' },
    handle: async () => ({
      name: 'amphi',
      version,
      rtmpPort: config.rtmp.port,
      ladder: config.transcode.ladder.map(({ name, kind }) => ({ name, kind })),
      files: { maxBytes: config.files.maxBytes, endings: config.files.endings },
      ...(config.http.tlsCert === undefined ? {} : { rtmpsPort: config.rtmp.tlsPort }),
    }),
  });
}

function readyRoute({ db, redis, nodes }: OperationsDeps): Route {
  const check = async (work: () => Promise<unknown>) => {
    const abort = new AbortController();
    const overdue = delay(CHECK_MS, abort.signal).then(() => {
      throw new AmphiError('timeout', 'does not answer');
    });
    try {
      await Promise.race([work(), overdue]);
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: messageOf(error) };
    } finally {
      overdue.catch(() => {});
      abort.abort();
    }
  };
  const dependency = z.object({ ok: z.boolean(), reason: z.string().optional() });
  const names = ['database', 'redis', 'ingest', 'transcode', 'origin'] as const;
  return route({
    method: 'get',
    path: '/readyz',
    summary: 'Whether this server can do its work, dependency by dependency',
    tag: TAG,
    access: 'public',
    answers: {
      status: 200,
      schema: z.object({ ready: z.boolean(), dependencies: z.record(z.enum(names), dependency) }),
      description: 'Ready; 503 when not',
    },
    handle: async ({ res }) => {
      const results = await Promise.all([
        check(() => db.execute('select 1')),
        check(() => redis.ping()),
        check(() => nodes.nodes('ingest')),
        check(() => nodes.nodes('transcode')),
        check(() => nodes.nodes('origin')),
      ]);
      const dependencies = Object.fromEntries(names.map((name, i) => [name, results[i]]));
      const ready = results.every(({ ok }) => ok);
      if (!ready) res.status(503).json({ ready, dependencies });
      return { ready, dependencies };
    },
  });
}
