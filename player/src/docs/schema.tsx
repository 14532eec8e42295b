import { type Document, nameOf, resolve, type Schema, typeInWords } from './spec.ts';

interface Field {
  name: string;
  required: boolean;
  description: string | undefined;
  schema: Schema;
}

/** The fields of an object; of anything else its type. Named schemas are linked, not repeated. */
export function SchemaView({ schema, document }: { schema: Schema; document: Document }) {
  const name = nameOf(schema);
  if (name !== undefined) return <p className="schema-type">{linked(schema)}</p>;
  if (schema.properties === undefined) return <p className="schema-type">{linked(schema)}</p>;
  return <FieldList fields={fieldsOf(schema)} document={document} />;
}

export function Fields({ title, fields }: { title: string; fields: readonly Field[] }) {
  return (
    <>
      <h4>{title}</h4>
      <FieldList fields={fields} />
    </>
  );
}

function FieldList({ fields, document }: { fields: readonly Field[]; document?: Document }) {
  return (
    <dl className="fields">
      {fields.map(({ name, required, description, schema }) => {
        const inner = document === undefined ? undefined : innerOf(schema, document);
        return (
          <div key={name} className="field-row">
            <dt>
              <code>{name}</code>
              {!required && <span className="field-optional"> optional</span>}
            </dt>
            <dd>
              <span className="schema-type">{linked(schema)}</span>
              {schema.default !== undefined && (
                <span className="dim"> by default {JSON.stringify(schema.default)}</span>
              )}
              {description !== undefined && <Words text={description} />}
              {inner !== undefined && document !== undefined && (
                <FieldList fields={fieldsOf(inner)} document={document} />
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

const fieldsOf = (schema: Schema): Field[] =>
  Object.entries(schema.properties ?? {}).map(([name, of]) => ({
    name,
    required: schema.required?.includes(name) ?? false,
    description: of.description,
    schema: of,
  }));

/** The fields of an object that has no name of its own, also in a list. */
function innerOf(schema: Schema, document: Document): Schema | undefined {
  const of = schema.type === 'array' ? schema.items : schema;
  if (of === undefined || of.$ref !== undefined) return undefined;
  const full = resolve(of, document);
  return full.properties === undefined ? undefined : full;
}

function linked(schema: Schema) {
  const target = schema.$ref === undefined ? schema.items : schema;
  const name = target === undefined ? undefined : nameOf(target);
  if (name === undefined) return typeInWords(schema);
  return (
    <>
      {schema.$ref === undefined && 'list of '}
      <a href={`#schema-${name}`}>{name}</a>
    </>
  );
}

/** Prose with `code` in it. */
export function Words({ text }: { text: string }) {
  return (
    <span className="field-words">
      {text.split('`').map((piece, i) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one fixed text
        i % 2 === 1 ? <code key={i}>{piece}</code> : piece,
      )}
    </span>
  );
}
