import { type Call, type Document, resolve, type Schema } from './spec.ts';

/** Values that say more than “string” where a field's name is known. */
const KNOWN: Record<string, unknown> = {
  eventId: 'main',
  sourceId: 'x7f3k2m9qa',
  runId: 'k3v9w2x8t1r5b7n4',
  title: 'Opening night',
  name: 'Camera 1',
  visibility: 'public',
  streamKey: 'Zk3vQ8rT1xW5bN7mP2cL9dJ4hG6',
  rtmpUrl: 'rtmp://HOST/live/Zk3vQ8rT1xW5bN7mP2cL9dJ4hG6',
  rtmpServer: 'rtmp://HOST/live',
  whipUrl: 'https://HOST/whip/main/x7f3k2m9qa',
  watchUrl: 'https://HOST/watch/main',
  studioUrl: 'https://HOST/studio/main',
  poster: 'https://HOST/hls/main/poster.jpg',
  llhls: 'https://HOST/hls/main/master.m3u8',
  hls: 'https://HOST/hls/main/plain.m3u8',
  status: 'live',
  token: 'THE-ADMIN-TOKEN',
  take: 'x7f3k2m9qa',
  onAir: 'x7f3k2m9qa',
  ladder: ['720p', '480p', 'audio'],
  dvrSeconds: 7200,
  codecs: 'avc1.64001f,mp4a.40.2',
  bandwidth: 2747431,
  width: 1280,
  height: 720,
  frameRate: 30,
  started: 1767225600000,
  startedAt: 1767225600000,
  createdAt: 1767225600000,
  at: 1767225600000,
};

const MAX_DEPTH = 6;

/** A value that the schema takes. Bodies show what is required and what has no default; answers show all. */
export function exampleOf(
  schema: Schema,
  document: Document,
  options: { onlyRequired?: boolean } = {},
  name = '',
  depth = 0,
): unknown {
  const known = KNOWN[name];
  const full = resolve(schema, document);
  if (full.const !== undefined) return full.const;
  if (full.examples !== undefined) return full.examples[0];
  if (known !== undefined && allows(full, known, document)) return known;
  if (full.enum !== undefined) return full.enum[0];
  if (full.default !== undefined) return full.default;
  const variant = (full.anyOf ?? full.oneOf)?.[0];
  if (variant !== undefined) return exampleOf(variant, document, options, name, depth);
  if (depth > MAX_DEPTH) return undefined;
  switch (full.type) {
    case 'object': {
      const fields = Object.entries(full.properties ?? {}).filter(
        ([field]) => !options.onlyRequired || full.required?.includes(field),
      );
      return Object.fromEntries(
        fields.map(([field, of]) => [field, exampleOf(of, document, options, field, depth + 1)]),
      );
    }
    case 'array':
      return full.items === undefined
        ? []
        : [exampleOf(full.items, document, options, name, depth + 1)];
    case 'integer':
    case 'number':
      return Math.max(0, full.minimum ?? 0);
    case 'boolean':
      return false;
    case 'string':
      return 'text';
    default:
      return null;
  }
}

function allows(schema: Schema, value: unknown, document: Document): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value);
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => allows(one, value, document));
  if (Array.isArray(value)) {
    const items = schema.items === undefined ? undefined : resolve(schema.items, document);
    return schema.type === 'array' && items !== undefined && allows(items, value[0], document);
  }
  const type = typeof value;
  return schema.type === type || (schema.type === 'integer' && type === 'number');
}

/** The body to begin with: what must be there; for a change, where nothing must, its first field. */
export function bodyOf(call: Call, document: Document): unknown {
  if (call.body === undefined) return undefined;
  const body = exampleOf(call.body, document, { onlyRequired: true });
  if (typeof body !== 'object' || body === null || Object.keys(body).length > 0) return body;
  const [first] = Object.keys(resolve(call.body, document).properties ?? {});
  if (first === undefined) return body;
  return { [first]: (exampleOf(call.body, document) as Record<string, unknown>)[first] };
}

/** The path with its parameters in place, and those of the query that have a value. */
export function addressOf(call: Call, values: Readonly<Record<string, string>>): string {
  let path = call.path;
  const query = new URLSearchParams();
  for (const { name, in: place } of call.parameters) {
    const value = values[name] ?? '';
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '') query.set(name, value);
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

/** A command line that makes the call. Tokens stay out of it: they are taken from the environment. */
export function curlOf(call: Call, origin: string, body: unknown): string {
  const values = Object.fromEntries(
    call.parameters.map(({ name }) => [name, String(KNOWN[name] ?? '')]),
  );
  const required = call.parameters.filter((parameter) => parameter.required);
  const address = `${origin}${addressOf({ ...call, parameters: required }, values)}`;
  const lines = [
    `curl ${call.method === 'GET' ? '' : `-X ${call.method} `}${quoted(address)}`,
    ...(call.admin ? ['-H "Authorization: Bearer $AMPHI_ADMIN_TOKEN"'] : []),
    ...(body === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
    ...(call.answer.type === 'text/event-stream' ? ['-N'] : []),
  ];
  return lines.join(' \\\n  ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
