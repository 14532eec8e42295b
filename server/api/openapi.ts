import { z } from 'zod';
import { problemSchema } from '#contracts';
import type { Route } from './route.ts';

/** Makes the OpenAPI 3.1 document of these routes; schemas become JSON Schema 2020-12. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    if (route.access === 'node') continue;
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Amphi',
      version,
      description:
        'Live broadcast and interactive rooms. Errors are RFC 9457 problem details with a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: {
        admin: { type: 'http', scheme: 'bearer', description: 'The admin token.' },
      },
      schemas: { Problem: json(problemSchema) },
    },
  };
}

function operation(route: Route): object {
  const parameters = [...parametersOf('path', route.params), ...parametersOf('query', route.query)];
  const { status, schema, description } = route.answers;
  return {
    summary: route.summary,
    operationId: `${route.method}${route.path.replace(/[^a-zA-Z0-9]+(.)?/g, (_, c: string | undefined) => c?.toUpperCase() ?? '')}`,
    tags: [route.tag],
    ...(route.access === 'admin' ? { security: [{ admin: [] }] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: json(route.body, 'input') } },
          },
        }),
    responses: {
      [status]: {
        description,
        ...(schema === undefined
          ? {}
          : { content: { 'application/json': { schema: json(schema) } } }),
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

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined): object[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || !(field as z.ZodType).safeParse(undefined).success,
    schema: json(field as z.ZodType, 'input'),
  }));
}

function json(schema: z.ZodType, io: 'input' | 'output' = 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
