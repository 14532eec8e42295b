import { z } from 'zod';

/** What of a JSON Schema (2020-12) a setting's schema can come out as. */
interface Described {
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  /** What a URL begins with, from the schema's metadata. */
  begins?: readonly string[];
  /** Words of the schema's own, from its metadata. */
  allowed?: string;
  items?: Described;
  oneOf?: readonly Described[];
  minItems?: number;
  maxItems?: number;
}

/** What a schema takes, in words that fit after "must be"; undefined where there are none for it. */
export function allowedBy(schema: z.ZodType): string | undefined {
  return inWords(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Described);
}

function inWords(it: Described): string | undefined {
  if (it.allowed !== undefined) return it.allowed;
  if (it.const !== undefined) return String(it.const);
  if (it.enum !== undefined) return `one of ${it.enum.join(', ')}`;
  if (it.oneOf !== undefined) return inWords(it.oneOf[0] ?? {});
  switch (it.type) {
    case 'integer':
      return `a whole number${range(it)}`;
    case 'number':
      return `a number${range(it)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return text(it);
    case 'array':
      return list(it);
    case 'object':
      return 'an object with settings of its own';
    default:
      return undefined;
  }
}

function range({ type, minimum, exclusiveMinimum, maximum }: Described): string {
  const least =
    type === 'integer' && exclusiveMinimum !== undefined ? exclusiveMinimum + 1 : minimum;
  const low = least !== undefined && least > Number.MIN_SAFE_INTEGER ? least : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` of at least ${low}`;
  const above = exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`;
  if (high === undefined) return above;
  return above === '' ? ` of at most ${high}` : `${above}, at most ${high}`;
}

function text({ begins, minLength = 0, maxLength }: Described): string {
  if (begins !== undefined) return `a URL that begins with ${begins.join(' or ')}`;
  if (maxLength !== undefined) {
    return minLength > 1
      ? `text of ${minLength} to ${maxLength} characters`
      : `text of at most ${maxLength} characters`;
  }
  return minLength > 1 ? `text of at least ${minLength} characters` : 'text';
}

function list({ items, minItems = 0, maxItems }: Described): string {
  const notEmpty = minItems > 0 ? ' that is not empty' : '';
  const count = maxItems === undefined ? notEmpty : ` of ${minItems} to ${maxItems} items`;
  const each = items === undefined ? undefined : inWords(items);
  return `a list${count}${each === undefined ? '' : `, each ${each}`}`;
}

/**
 * The schema of what stands at `path` in `values`; undefined where the schema
 * has no such place. Of a union it is the branch that the value's discriminator
 * names, and at the discriminator itself all that it may be.
 */
export function schemaAt(
  schema: z.ZodType,
  path: readonly PropertyKey[],
  values: unknown,
): z.ZodType | undefined {
  const inner = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined) return inner;
  const value = (values as Record<PropertyKey, unknown> | undefined)?.[step];
  if (inner instanceof z.ZodObject) {
    const next = inner.shape[String(step)] as z.ZodType | undefined;
    return next && schemaAt(next, rest, value);
  }
  if (inner instanceof z.ZodArray) return schemaAt(inner.element as z.ZodType, rest, value);
  if (inner instanceof z.ZodDiscriminatedUnion) return branchAt(inner, path, values);
  return undefined;
}

function branchAt(
  union: z.ZodDiscriminatedUnion,
  path: readonly PropertyKey[],
  values: unknown,
): z.ZodType | undefined {
  const { discriminator } = union.def;
  const branches = union.options.filter((option) => option instanceof z.ZodObject);
  const literals = branches.flatMap((branch) => {
    const literal: unknown = branch.shape[discriminator];
    return literal instanceof z.ZodLiteral ? [...literal.values].map(String) : [];
  });
  if (path[0] === discriminator) return z.enum(literals);
  const named = String((values as Record<string, unknown> | undefined)?.[discriminator]);
  const branch = branches[literals.indexOf(named)];
  return branch && schemaAt(branch, path, values);
}

function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType } = schema.def as { innerType?: z.ZodType };
  return innerType === undefined ? schema : unwrap(innerType);
}
