import { z } from 'zod';
import { type ErrorCode, errorCodes } from '#base';
import { eventIdSchema, problemSchema } from '#contracts';
import type { Access, Route } from './route.ts';

const TAGS = [
  { name: 'Events', description: 'A stage of its own: made, listed, changed, ended and deleted.' },
  {
    name: 'Sources',
    description: 'Where an event’s pictures come from, and the keys to send with.',
  },
  { name: 'Program', description: 'Which of the sources is on air.' },
  { name: 'Live', description: 'What is going on now.' },
  { name: 'Playback', description: 'What a player needs to begin.' },
  { name: 'Meetings', description: 'Rooms in which people see, hear and write to each other.' },
  { name: 'People', description: 'Accounts, and who knows whom.' },
  { name: 'Session', description: 'Signing a browser in and out.' },
  { name: 'Operations', description: 'What this server is, and whether it can do its work.' },
] as const;

/** What only a process, an encoder or another node is told. */
const NOT_IN_ANSWERS: readonly ErrorCode[] = [
  'bad_config',
  'missing_dependency',
  'already_running',
  'protocol_violation',
  'limit_exceeded',
  'stale_fence',
  'bad_media',
  'closed',
];

/** What the public port answers before a call comes to this process. */
const ELSEWHERE = [
  {
    path: '/healthz',
    admin: false,
    id: 'getHealthz',
    summary: 'Whether this process is up',
    tag: 'Operations',
    type: 'application/json',
    description: 'Up',
  },
  {
    path: '/metrics',
    admin: true,
    id: 'getMetrics',
    summary: 'What the processes of this machine measure, for Prometheus',
    tag: 'Operations',
    type: 'text/plain',
    description: 'The measurements in the text format of Prometheus',
  },
  {
    path: '/hls/{eventId}/master.m3u8',
    admin: false,
    id: 'getHlsEventIdMasterM3u8',
    summary: 'The playlist of playlists (low-latency HLS, RFC 8216bis)',
    tag: 'Playback',
    type: 'application/vnd.apple.mpegurl',
    description: 'The multivariant playlist',
  },
] as const;

/** Makes the OpenAPI 3.1 document of these routes; schemas become JSON Schema 2020-12. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    if (route.access === 'node') continue;
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method] = operation(route, schemas);
  }
  for (const { path, admin, id, summary, tag, type, description } of ELSEWHERE) {
    const parameters = path.includes('{eventId}')
      ? [{ name: 'eventId', in: 'path', required: true, schema: schemas.of(eventIdSchema) }]
      : [];
    const content = { [type]: { schema: { type: 'string' } } };
    const responses = { '200': { description, content } };
    const security = admin ? [{ admin: [] }] : [];
    const get = { summary, operationId: id, tags: [tag], security, parameters, responses };
    paths[path] = { get };
  }
  const problem = schemas.of(problemSchema);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Amphi',
      version,
      description:
        'Live broadcast and interactive rooms. Bodies are JSON; unknown fields are refused by name. Errors are RFC 9457 problem details with a stable `code`. Lists page with `cursor`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths,
    components: {
      securitySchemes: {
        admin: {
          type: 'http',
          scheme: 'bearer',
          description: 'The admin token. A signed-in browser’s cookie does as well.',
        },
        user: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token of an account’s session. Its cookie does as well.',
        },
      },
      schemas: { ...schemas.named, Problem: problem },
    },
    'x-errors': errorCodes().filter(({ code }) => !NOT_IN_ANSWERS.includes(code)),
  };
}

/** JSON Schemas of zod schemas; those with an id stand once, under `components`. */
class Schemas {
  readonly named: Record<string, object> = {};

  of(schema: z.ZodType, io: 'input' | 'output' = 'output'): object {
    const {
      $schema: _,
      $defs = {},
      ...rest
    } = z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        // What is answered may gain fields; only what is asked is closed.
        if (io === 'output') delete jsonSchema.additionalProperties;
      },
    });
    for (const [id, named] of Object.entries($defs)) this.named[id] = pointed(named);
    return pointed(rest);
  }
}

/** References as an OpenAPI document has them. */
function pointed(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}

function operation(route: Route, schemas: Schemas): object {
  const parameters = [
    ...parametersOf('path', route.params, schemas),
    ...parametersOf('query', route.query, schemas),
  ];
  const { status, schema, type = 'application/json', description } = route.answers;
  return {
    summary: route.summary,
    operationId: `${route.method}${route.path.replace(/[^a-zA-Z0-9]+(.)?/g, (_, c: string | undefined) => c?.toUpperCase() ?? '')}`,
    tags: [route.tag],
    ...securityOf(route.access),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBodyOf(route, schemas),
    responses: {
      [status]: {
        description,
        ...(schema === undefined ? {} : { content: { [type]: { schema: schemas.of(schema) } } }),
      },
      default: {
        description: 'A problem',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  };
}

function requestBodyOf({ body, bodyType }: Route, schemas: Schemas): { requestBody?: object } {
  if (bodyType !== undefined) {
    const content = { [bodyType]: { schema: { type: 'string', format: 'binary' } } };
    return { requestBody: { required: true, content } };
  }
  if (body === undefined) return {};
  const content = { 'application/json': { schema: schemas.of(body, 'input') } };
  return { requestBody: { required: true, content } };
}

function securityOf(access: Access): { security?: object[] } {
  switch (access) {
    case 'admin':
      return { security: [{ admin: [] }] };
    case 'user':
      return { security: [{ user: [] }] };
    case 'account':
      return { security: [{ user: [] }, { admin: [] }] };
    default:
      return {};
  }
}

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodObject | undefined,
  schemas: Schemas,
): object[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...shape } = schemas.of(field as z.ZodType, 'input') as {
      description?: string;
    };
    return {
      name,
      in: place,
      required: place === 'path' || !(field as z.ZodType).safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema: shape,
    };
  });
}
