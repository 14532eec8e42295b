/** The part of an OpenAPI 3.1 document that the page shows, and how it is ordered for reading. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  description?: string;
  schema: Schema;
}

interface Body {
  description?: string;
  content?: Record<string, { schema: Schema }>;
}

interface Operation {
  summary: string;
  operationId: string;
  tags: string[];
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: Body;
  responses: Record<string, Body>;
}

export interface Document {
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
  'x-errors': { code: string; status: number; title: string }[];
}

/** One call, with what stands deep in the document brought to the surface. */
export interface Call {
  id: string;
  method: string;
  path: string;
  summary: string;
  admin: boolean;
  parameters: Parameter[];
  body: Schema | undefined;
  status: string;
  answer: { description: string; type: string | undefined; schema: Schema | undefined };
}

export interface Group {
  name: string;
  description: string;
  calls: Call[];
}

/** The calls by their tag, in the order of the document's tags. */
export function groupsOf(document: Document): Group[] {
  const calls = new Map<string, Call[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags[0] ?? '';
      calls.set(tag, [...(calls.get(tag) ?? []), callOf(method, path, operation)]);
    }
  }
  const named = document.tags.map(({ name }) => name);
  const others = [...calls.keys()].filter((tag) => !named.includes(tag));
  return [...document.tags, ...others.map((name) => ({ name, description: '' }))]
    .map(({ name, description }) => ({ name, description, calls: calls.get(name) ?? [] }))
    .filter((group) => group.calls.length > 0);
}

function callOf(method: string, path: string, operation: Operation): Call {
  const [status = '200', response] =
    Object.entries(operation.responses).find(([code]) => code !== 'default') ?? [];
  const [type, media] = Object.entries(response?.content ?? {})[0] ?? [];
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    summary: operation.summary,
    admin: (operation.security ?? []).length > 0,
    parameters: operation.parameters ?? [],
    body: operation.requestBody?.content?.['application/json']?.schema,
    status,
    answer: { description: response?.description ?? '', type, schema: media?.schema },
  };
}

/** Name of the schema that a reference points to. */
export const nameOf = (schema: Schema): string | undefined => schema.$ref?.split('/').at(-1);

/** The schema itself, where it is only pointed to. */
export function resolve(schema: Schema, document: Document): Schema {
  const name = nameOf(schema);
  return name === undefined ? schema : (document.components.schemas[name] ?? {});
}

/** A type in words: `text`, `whole number, 10 to 604800`, `list of Source`. */
export function typeInWords(schema: Schema): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined)
    return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) return variants.map(typeInWords).join(' or ');
  switch (schema.type) {
    case 'array':
      return `list of ${schema.items === undefined ? 'anything' : typeInWords(schema.items)}`;
    case 'object':
      return schema.properties === undefined ? 'map' : 'object';
    case 'string':
      return `text${between(schema.minLength, schema.maxLength, ' characters')}`;
    case 'integer':
      return `whole number${between(schema.minimum, schema.maximum)}`;
    case 'number':
      return `number${between(schema.minimum, schema.maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    default:
      return 'anything';
  }
}

/** Bounds in words; what JavaScript's own integers are bounded by says nothing. */
function between(low: number | undefined, high: number | undefined, unit = ''): string {
  const min = low === Number.MIN_SAFE_INTEGER ? undefined : low;
  const max = high === Number.MAX_SAFE_INTEGER ? undefined : high;
  if (min === undefined && max === undefined) return '';
  if (min === undefined) return `, up to ${max}${unit}`;
  if (max === undefined) return `, at least ${min}${unit}`;
  return `, ${min} to ${max}${unit}`;
}
