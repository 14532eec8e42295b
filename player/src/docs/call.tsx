import { useState } from 'react';
import { Code } from './code.tsx';
import { bodyOf, curlOf, exampleOf } from './example.ts';
import { Fields, SchemaView } from './schema.tsx';
import type { Call, Document } from './spec.ts';
import { TryIt } from './try-it.tsx';

/** One call: what it takes, what it answers, and a way to make it. */
export function CallView({ call, document }: { call: Call; document: Document }) {
  const [trying, setTrying] = useState(false);
  const body = bodyOf(call, document);
  const { answer } = call;
  const path = call.parameters.filter((parameter) => parameter.in === 'path');
  const query = call.parameters.filter((parameter) => parameter.in === 'query');
  return (
    <article className="call panel" id={call.id} aria-labelledby={`${call.id}-title`}>
      <header className="call-head">
        <h3 id={`${call.id}-title`}>{call.summary}</h3>
        <p className="call-line">
          <span className="method" data-method={call.method}>
            {call.method}
          </span>
          <code className="call-path">{call.path}</code>
          {call.admin && <span className="tag">Admin</span>}
        </p>
      </header>
      <div className="call-columns">
        <div className="call-words">
          {path.length > 0 && <Fields title="In the path" fields={path.map(asField)} />}
          {query.length > 0 && <Fields title="In the query" fields={query.map(asField)} />}
          {call.body !== undefined && (
            <>
              <h4>Body</h4>
              <SchemaView schema={call.body} document={document} />
            </>
          )}
          <h4>Answer</h4>
          <p className="dim">
            <b>{call.status}</b> {answer.description}
            {answer.type !== undefined && answer.type !== 'application/json' && (
              <>
                {' '}
                (<code>{answer.type}</code>)
              </>
            )}
          </p>
          {answer.schema !== undefined && <SchemaView schema={answer.schema} document={document} />}
        </div>
        <div className="call-examples">
          <Code title="Request" text={curlOf(call, location.origin, body)} />
          {answer.schema !== undefined && (
            <Code
              title="Answer"
              text={JSON.stringify(exampleOf(answer.schema, document), undefined, 2)}
            />
          )}
        </div>
      </div>
      <footer className="call-try">
        {trying ? (
          <TryIt call={call} body={body} onClose={() => setTrying(false)} />
        ) : (
          <button
            type="button"
            className="btn btn-outline btn-small"
            onClick={() => setTrying(true)}
          >
            Try it<span className="visually-hidden">: {call.summary}</span>
          </button>
        )}
      </footer>
    </article>
  );
}

const asField = ({ name, required, description, schema }: Call['parameters'][number]) => ({
  name,
  required,
  description,
  schema,
});
