import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import {
  AmphiError,
  type Closable,
  type ErrorCode,
  isAmphiError,
  type Logger,
  messageOf,
} from '#base';
import {
  Accounts,
  ContactRequests,
  type MeetingFiles,
  type MeetingService,
  PeopleRepository,
  PictureStore,
  Survey,
  type UserGateway,
} from '#meeting';
import {
  problemOf,
  type Redis,
  retryAfterOf,
  type TokenIssuer,
  translateAway,
  validate,
} from '#platform';
import { Gate } from './auth.ts';
import { EventViews } from './event-views.ts';
import { eventRoutes } from './events.ts';
import { IngestControl } from './ingest-control.ts';
import { internalRoutes } from './internal.ts';
import { liveRoutes } from './live.ts';
import { LiveReader } from './live-reader.ts';
import { LiveStreams } from './live-streams.ts';
import { meetingFileRoutes } from './meeting-files.ts';
import { meetingSurveyRoutes } from './meeting-survey.ts';
import { meetingRoutes } from './meetings.ts';
import { networkTests } from './network-test.ts';
import { openApiDocument } from './openapi.ts';
import { type OperationsDeps, operationsRoutes } from './operations.ts';
import { mountPages } from './pages.ts';
import { pastCallRoutes } from './past-calls.ts';
import { pictureRoutes } from './pictures.ts';
import { playRoutes } from './play.ts';
import { programRoutes } from './program.ts';
import { EventRepository } from './repository.ts';
import type { Route } from './route.ts';
import { sessionRoutes } from './sessions.ts';
import { sourceRoutes } from './sources.ts';
import { userRoutes } from './users.ts';

export interface ApiDeps extends OperationsDeps {
  /** A connection to Redis of its own, for subscribing. */
  subscriber: Redis;
  tokens: TokenIssuer;
  adminToken: string;
  meetings: MeetingService;
  files: MeetingFiles;
  users: UserGateway;
  log: Logger;
}

/** The API and the pages as one Express application. */
export interface Api extends Closable {
  app: Express;
}

const MAX_BODY_BYTES = 256 * 1024;

export async function createApi(deps: ApiDeps): Promise<Api> {
  const { config, nodes, redis, subscriber, tokens, adminToken, log } = deps;
  const events = new EventRepository(deps.db);
  const live = new LiveReader(redis, nodes, log);
  const views = new EventViews({ config, events, live });
  const control = new IngestControl({ events, nodes, redis });
  const people = new PeopleRepository(deps.db);
  const gate = new Gate({ adminToken, tokens, redis, people });
  const streams = await LiveStreams.start({ events, views, live, subscriber, log });
  const { routes: testRoutes, tests } = networkTests({ ...deps, service: deps.meetings });
  const survey = new Survey({ db: deps.db, redis, log });
  const routes = [
    ...eventRoutes({ config, events, views, control }),
    ...sourceRoutes({ config, events, control, tokens }),
    ...programRoutes({ events, live, control }),
    ...liveRoutes({ config, events, live, streams, gate }),
    ...playRoutes({ config, events, live, tokens, gate }),
    ...meetingRoutes({ config, service: deps.meetings, gate }),
    ...meetingFileRoutes({ service: deps.meetings, files: deps.files }),
    ...meetingSurveyRoutes({ service: deps.meetings, survey }),
    ...testRoutes,
    ...userRoutes({
      config,
      gate,
      people,
      users: deps.users,
      accounts: new Accounts({ people, redis }),
      requests: new ContactRequests({ people, redis }),
    }),
    ...pictureRoutes({ gate, people, users: deps.users, pictures: new PictureStore(deps.db) }),
    ...pastCallRoutes({ gate, users: deps.users }),
    ...internalRoutes(events),
    ...sessionRoutes({ gate, redis, users: deps.users }),
    ...operationsRoutes(deps),
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
  mountPages(app);
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    answerProblem(error, req, res, next, log);
  });
  return {
    app,
    close: async () => {
      await Promise.all([streams.close(), tests.close()]);
    },
  };
}

function mount(app: Express, described: Route, gate: Gate): void {
  const path = described.path.replace(/\{(\w+)\}/g, ':$1');
  app[described.method](path, async (req: Request, res: Response) => {
    await gate.admit(described.access, req);
    const call = {
      params:
        described.params === undefined
          ? undefined
          : validate(described.params, req.params, 'parameters'),
      query:
        described.query === undefined
          ? undefined
          : validate(described.query, req.query, 'parameters'),
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
  for (const [name, value] of Object.entries(retryAfterOf(known))) res.setHeader(name, value);
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** Errors of Express and its parts, which say a status: what it is here. */
const CODES_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'bad_request',
  404: 'not_found',
  412: 'precondition_failed',
  413: 'body_too_large',
  415: 'unsupported_media',
};

/** What the body parser and the sender of files throw has their own shape. */
function translate(thrown: unknown): unknown {
  const error = translateAway(thrown);
  if (isAmphiError(error)) return error;
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large')
    return new AmphiError('body_too_large', `The body is over ${MAX_BODY_BYTES} bytes`);
  if (type === 'entity.parse.failed')
    return new AmphiError('bad_request', 'The body is not valid JSON');
  if (error instanceof URIError) return new AmphiError('bad_request', 'The address is malformed');
  const code = typeof status === 'number' ? CODES_OF_STATUS[status] : undefined;
  return code === undefined ? error : new AmphiError(code, messageOf(error));
}
