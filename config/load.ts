import { closeSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type yaml from 'yaml';
import type { z } from 'zod';
import { AmphiError, messageOf } from '#base';
import { allowedBy, schemaAt } from './allowed.ts';
import { type Config, configSchema, type SettingMeta } from './schema.ts';

/** One leaf of the schema with its place in the file and what its metadata says. */
export interface Setting {
  path: string[];
  schema: z.ZodType;
  meta: SettingMeta & { description?: string };
}

/** All settings, in the order of the schema. */
export function settings(): Setting[] {
  const found: Setting[] = [];
  const walk = (shape: Record<string, z.ZodType>, path: string[]) => {
    for (const [key, schema] of Object.entries(shape)) {
      const meta = schema.meta() as SettingMeta | undefined;
      const inner = shapeOf(schema);
      if (meta?.env !== undefined) found.push({ path: [...path, key], schema, meta });
      else if (inner !== undefined) walk(inner, [...path, key]);
    }
  };
  walk(configSchema.shape, []);
  return found;
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  const def = schema.def as { innerType?: z.ZodType; shape?: Record<string, z.ZodType> };
  if (def.shape !== undefined) return def.shape;
  return def.innerType === undefined ? undefined : shapeOf(def.innerType);
}

/** The innermost type of a setting, without its default and optional wrappers. */
export function baseType(schema: z.ZodType): string {
  const def = schema.def as { type: string; innerType?: z.ZodType };
  return def.innerType === undefined ? def.type : baseType(def.innerType);
}

export interface LoadOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Folder in which `amphi.config.{json,yaml}` is looked for and paths are resolved. */
  cwd: string;
  /** Values from the command line, by dotted path, e.g. `http.port`. They win. */
  flags?: Readonly<Record<string, unknown>>;
}

/**
 * Loads defaults < file < environment < flags and validates them as a whole.
 * Throws `bad_config` with the key, the value and what is allowed.
 */
export function loadConfig({ env, cwd, flags = {} }: LoadOptions): Config {
  const { values, origin } = readFile(env, cwd);
  for (const { path, schema, meta } of settings()) {
    const text = fromEnvironment(env, meta);
    if (text !== undefined) {
      setAt(values, path, parseText(text, baseType(schema), meta.env));
      origin.set(path.join('.'), meta.env);
    }
  }
  for (const [dotted, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    setAt(values, dotted.split('.'), value);
    origin.set(dotted, `the flag for ${dotted}`);
  }
  const result = configSchema.safeParse(values);
  if (!result.success) throw badConfig(result.error, values, origin);
  const config = result.data;
  if ((config.http.tlsCert === undefined) !== (config.http.tlsKey === undefined)) {
    throw new AmphiError('bad_config', {
      field: 'http.tlsKey',
      detail: 'AMPHI_TLS_CERT and AMPHI_TLS_KEY belong together: set both or neither',
    });
  }
  for (const key of ['tlsCert', 'tlsKey'] as const)
    requireReadable(`http.${key}`, config.http[key]);
  const names = new Set<string>();
  for (const rung of config.transcode.ladder) {
    if (names.has(rung.name)) {
      throw new AmphiError('bad_config', {
        field: 'transcode.ladder',
        detail: `transcode.ladder (AMPHI_LADDER): the name "${rung.name}" is used twice; every rung needs its own`,
      });
    }
    names.add(rung.name);
  }
  const production = env['NODE_ENV'] === 'production';
  return {
    ...config,
    host: config.host ?? (production ? '0.0.0.0' : '127.0.0.1'),
    dataDir: resolve(cwd, config.dataDir),
  };
}

/** A file that is missing is found at the start, not at the first connection. */
function requireReadable(field: string, path: string | undefined): void {
  if (path === undefined) return;
  try {
    closeSync(openSync(path, 'r'));
  } catch (cause) {
    const detail = `${field} names ${path}, which cannot be read: ${messageOf(cause)}`;
    throw new AmphiError('bad_config', { field, detail, cause });
  }
}

/** Loaded when there is such a file. */
const parseYaml = (text: string): unknown =>
  (createRequire(import.meta.url)('yaml') as typeof yaml).parse(text);

/** What a parser complains of, and where, without the text around it: that may be a secret. */
const placeOf = (error: unknown): string =>
  messageOf(error)
    .split('\n', 1)[0]
    ?.replace(/:$/, '')
    .replace(/, (?:\.\.\.)?".*" is not valid JSON$/s, ' is not valid JSON') ?? '';

type Values = Record<string, unknown>;

function readFile(env: LoadOptions['env'], cwd: string) {
  const origin = new Map<string, string>();
  const named = env['AMPHI_CONFIG'];
  const candidates =
    named === undefined ? ['amphi.config.json', 'amphi.config.yaml', 'amphi.config.yml'] : [named];
  for (const candidate of candidates) {
    const path = resolve(cwd, candidate);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (named === undefined) continue;
      throw new AmphiError('bad_config', {
        field: 'AMPHI_CONFIG',
        detail: `AMPHI_CONFIG names ${named}, which cannot be read: ${messageOf(error)}`,
      });
    }
    try {
      const values: unknown = path.endsWith('.json') ? JSON.parse(text) : parseYaml(text);
      if (values === null || values === undefined) return { values: {} as Values, origin };
      if (typeof values !== 'object' || Array.isArray(values)) {
        throw new Error('the file must hold one object of settings');
      }
      return { values: values as Values, origin };
    } catch (error) {
      throw new AmphiError('bad_config', {
        field: candidate,
        detail: `${candidate} cannot be parsed: ${placeOf(error)}`,
      });
    }
  }
  return { values: {} as Values, origin };
}

function fromEnvironment(env: LoadOptions['env'], meta: SettingMeta): string | undefined {
  const text = env[meta.env];
  if (text !== undefined && text !== '') return text;
  const file = env[`${meta.env}_FILE`];
  if (meta.secret === undefined || file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new AmphiError('bad_config', {
      field: `${meta.env}_FILE`,
      detail: `${meta.env}_FILE names ${file}, which cannot be read: ${messageOf(error)}`,
    });
  }
}

/** Turns the text of a variable into what the setting's type wants; what it cannot turn, validation will refuse. */
function parseText(text: string, type: string, variable: string): unknown {
  switch (type) {
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      if (['1', 'true', 'yes', 'on'].includes(text.toLowerCase())) return true;
      if (['0', 'false', 'no', 'off'].includes(text.toLowerCase())) return false;
      return text;
    case 'array':
      if (!text.trimStart().startsWith('[')) {
        return text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '');
      }
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new AmphiError('bad_config', {
          field: variable,
          detail: `${variable} is not valid JSON: ${messageOf(error)}`,
        });
      }
    default:
      return text;
  }
}

function setAt(values: Values, path: readonly string[], value: unknown): void {
  let at = values;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    if (typeof next === 'object' && next !== null) {
      at = next as Values;
    } else {
      const made: Values = {};
      at[key] = made;
      at = made;
    }
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}

/** What the setting at fault would have to be, in words; zod's own words speak of its types. */
function ruleOf(issue: z.core.$ZodIssue, values: Values): string {
  // A pattern's text is written for people where it is defined.
  if (issue.code === 'invalid_format' && issue.message.startsWith('must ')) return issue.message;
  // A union fails at its discriminator, or as a whole when that is not even an object.
  const schema = schemaAt(configSchema, issue.path, values);
  const allowed = schema === undefined ? undefined : allowedBy(schema);
  return allowed === undefined ? `does not fit: ${issue.message}` : `must be ${allowed}`;
}

/** True of a secret, and of a section with one in it, whatever stands in its place. */
const holdsSecret = (key: string): boolean =>
  settings().some(({ path, meta }) => {
    const own = path.join('.');
    const isWithin = own === key || key.startsWith(`${own}.`) || own.startsWith(`${key}.`);
    return meta.secret === true && isWithin;
  });

function badConfig(error: z.ZodError, values: Values, origin: Map<string, string>): AmphiError {
  const lines = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const where = issue.path.length > 0 ? ` in "${issue.path.join('.')}"` : '';
      return `unknown setting ${issue.keys.map((key) => `"${key}"`).join(', ')}${where}`;
    }
    const key = issue.path.join('.');
    const known = settings().find(
      (s) => key === s.path.join('.') || key.startsWith(`${s.path.join('.')}.`),
    );
    const from = origin.get(known?.path.join('.') ?? key) ?? known?.meta.env;
    let value: unknown = values;
    for (const step of issue.path) value = (value as Values | undefined)?.[step as string];
    const place = `${key}${from === undefined ? '' : ` (${from})`}`;
    const rule = ruleOf(issue, values);
    if (value === undefined) return `${place} is missing: it ${rule}`;
    const shown = holdsSecret(key) ? '(hidden)' : JSON.stringify(value);
    return `${place}: ${shown} is not allowed: it ${rule}`;
  });
  return new AmphiError('bad_config', {
    field: error.issues[0]?.path.join('.') ?? '',
    detail: lines.join('\n'),
  });
}
