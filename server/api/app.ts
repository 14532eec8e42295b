import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { z } from 'zod';
import { AmphiError, isAmphiError, type Logger, messageOf } from '#base';
import type { Config } from '#config';
import { serverInfoSchema, sessionSchema } from '#contracts';
import { type NodeClient, problemOf, type Redis, type TokenIssuer, validate } from '#platform';
import type { Db } from '#platform/sql';
import { Gate, SESSION_COOKIE, SESSION_SECONDS } from './auth.ts';
import { eventRoutes } from './events.ts';
import { internalRoutes } from './internal.ts';
import { LiveReader } from './live-reader.ts';
import { openApiDocument } from './openapi.ts';
import { mountPages } from './pages.ts';
import { playRoutes } from './play.ts';
import { EventRepository } from './repository.ts';
import { type Route, route } from './route.ts';

export interface ApiDeps {
  config: Config;
  version: string;
  db: Db;
  redis: Redis;
  nodes: NodeClient;
  tokens: TokenIssuer;
  adminToken: string;
  log: Logger;
}

const MAX_BODY_BYTES = 256 * 1024;

/** The API and the pages as one Express application. */
export function createApp(deps: ApiDeps): Express {
  const { config, tokens, log } = deps;
  const events = new EventRepository(deps.db);
  const live = new LiveReader(deps.redis, deps.nodes, log);
  const gate = new Gate(deps.adminToken, tokens);
  const routes = [
    ...eventRoutes({ config, events, live, nodes: deps.nodes }),
    ...playRoutes({ config, events, live }),
    ...internalRoutes(events),
    ...sessionRoutes(gate),
    infoRoute(deps),
    readyRoute(deps),
  ];

  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  // The front in this process's pod is always one proxy.
  app.set('trust proxy', 1 + config.http.trustProxy);
  app.use(securityHeaders);
  app.use(express.json({ limit: MAX_BODY_BYTES, strict: false }));
  for (const described of routes) mount(app, described, gate);
  const document = openApiDocument(routes, deps.version);
  app.get('/api/openapi.json', (_req, res) => {
    res.json(document);
  });
  app.use('/api', (_req, _res, next) => next(new AmphiError('not_found')));
  app.use('/internal', (_req, _res, next) => next(new AmphiError('not_found')));
  mountPages(app);
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    answerProblem(error, req, res, next, log);
  });
  return app;
}

function mount(app: Express, described: Route, gate: Gate): void {
  const path = described.path.replace(/\{(\w+)\}/g, ':$1');
  app[described.method](path, async (req: Request, res: Response) => {
    await gate.admit(described.access, req);
    const call = {
      params: described.params === undefined ? undefined : validate(described.params, req.params),
      query: described.query === undefined ? undefined : validate(described.query, req.query),
      body: described.body === undefined ? undefined : validate(described.body, req.body),
      req,
      res,
    };
    const answer = await described.handle(call as never);
    if (res.headersSent) return;
    res.setHeader('cache-control', 'no-store');
    if (answer === undefined) res.status(described.answers.status).end();
    else res.status(described.answers.status).json(answer);
  });
}

function sessionRoutes(gate: Gate): Route[] {
  const cookie = (value: string, seconds: number, req: Request) =>
    `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${req.protocol === 'https' ? '; Secure' : ''}`;
  return [
    route({
      method: 'post',
      path: '/api/sessions/admin',
      summary: 'Signs a browser in with the admin token',
      tag: 'Session',
      access: 'public',
      body: sessionSchema,
      answers: { status: 204, description: 'Signed in; a session cookie is set' },
      handle: async ({ body, req, res }) => {
        if (!gate.isAdminToken(body.token))
          throw new AmphiError('unauthorized', 'That token is not right');
        res.setHeader('set-cookie', cookie(await gate.newSession(), SESSION_SECONDS, req));
      },
    }),
    route({
      method: 'get',
      path: '/api/sessions/current',
      summary: 'Tells whether this browser is signed in',
      tag: 'Session',
      access: 'public',
      answers: {
        status: 200,
        schema: z.object({ admin: z.boolean() }),
        description: 'Who this is',
      },
      handle: async ({ req }) => ({ admin: await gate.isAdmin(req) }),
    }),
    route({
      method: 'delete',
      path: '/api/sessions/current',
      summary: 'Signs this browser out',
      tag: 'Session',
      access: 'public',
      answers: { status: 204, description: 'Signed out' },
      handle: async ({ req, res }) => {
        res.setHeader('set-cookie', cookie('', 0, req));
      },
    }),
  ];
}

function infoRoute({ config, version }: ApiDeps): Route {
  return route({
    method: 'get',
    path: '/api/info',
    summary: 'What this server is and offers',
    tag: 'Operations',
    access: 'public',
    answers: { status: 200, schema: serverInfoSchema, description: 'The server' },
    handle: async () => ({
      name: 'amphi',
      version,
      rtmpPort: config.rtmp.port,
      ladder: config.transcode.ladder.map(({ name, kind }) => ({ name, kind })),
      ...(config.http.tlsCert === undefined ? {} : { rtmpsPort: config.rtmp.tlsPort }),
    }),
  });
}

function readyRoute({ db, redis, nodes }: ApiDeps): Route {
  const check = async (work: () => Promise<unknown>) => {
    try {
      await work();
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: messageOf(error) };
    }
  };
  const dependency = z.object({ ok: z.boolean(), reason: z.string().optional() });
  const names = ['database', 'redis', 'ingest', 'transcode', 'origin'] as const;
  return route({
    method: 'get',
    path: '/readyz',
    summary: 'Whether this server can do its work, dependency by dependency',
    tag: 'Operations',
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

function securityHeaders(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('referrer-policy', 'strict-origin-when-cross-origin');
  next();
}

function answerProblem(
  error: unknown,
  req: Request,
  res: Response,
  next: NextFunction,
  log: Logger,
): void {
  if (res.headersSent) {
    next(error);
    return;
  }
  const known = translate(error);
  if (!isAmphiError(known) || known.code === 'internal') {
    log.error(
      { path: req.path, reason: messageOf(error), stack: (error as Error)?.stack },
      'request failed',
    );
  }
  const problem = problemOf(known);
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What the body parser throws has the parser's own shape. */
function translate(error: unknown): unknown {
  const type = (error as { type?: unknown } | undefined)?.type;
  if (type === 'entity.too.large')
    return new AmphiError('body_too_large', `The body is over ${MAX_BODY_BYTES} bytes`);
  if (type === 'entity.parse.failed')
    return new AmphiError('bad_request', 'The body is not valid JSON');
  if (typeof type === 'string' && type.startsWith('entity.'))
    return new AmphiError('bad_request', messageOf(error));
  if (error instanceof URIError) return new AmphiError('bad_request', 'The address is malformed');
  return error;
}
