import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { call } from '../api/client.ts';
import { Notice, Skeleton } from '../ui/notice.tsx';
import { Shell } from '../ui/shell.tsx';
import { CallView } from './call.tsx';
import { SchemaView } from './schema.tsx';
import { type Document, type Group, groupsOf } from './spec.ts';
import '../ui/table.css';
import './docs.css';

/** The API of this server, as it describes itself. */
export function Docs() {
  const query = useQuery({
    queryKey: ['openapi'],
    queryFn: ({ signal }) => call<Document>('GET', '/api/openapi.json', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const document = query.data;
  const groups = useMemo(() => (document === undefined ? [] : groupsOf(document)), [document]);
  useAddressed(document !== undefined);

  return (
    <Shell here="docs" version={document?.info.version}>
      <div className="docs">
        <Contents groups={groups} />
        <div className="docs-main">
          <header className="docs-intro">
            <h1>HTTP API</h1>
            <p className="docs-lead">
              Everything the studio does, it does with these calls. <code>GET</code>{' '}
              <a href="/api/openapi.json">/api/openapi.json</a> has the same as an OpenAPI 3.1
              document.
            </p>
          </header>
          {query.isPending && <Skeleton height="24rem" />}
          {query.isError && (
            <Notice level="danger" title="The description cannot be read">
              {query.error.message}
            </Notice>
          )}
          {document !== undefined && (
            <>
              <Introduction />
              {groups.map((group) => (
                <section
                  key={group.name}
                  className="docs-group"
                  aria-labelledby={anchor(group.name)}
                >
                  <h2 id={anchor(group.name)}>{group.name}</h2>
                  <p className="dim">{group.description}</p>
                  {group.calls.map((one) => (
                    <CallView key={one.id} call={one} document={document} />
                  ))}
                </section>
              ))}
              <Schemas document={document} />
              <Errors document={document} />
            </>
          )}
        </div>
      </div>
    </Shell>
  );
}

const anchor = (name: string): string => name.toLowerCase();

/** The browser looks for the address's fragment before there is anything on the page. */
function useAddressed(ready: boolean): void {
  useEffect(() => {
    if (!ready || location.hash === '') return;
    window.document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [ready]);
}

function Contents({ groups }: { groups: readonly Group[] }) {
  return (
    <nav className="docs-nav" aria-label="Contents">
      <ul>
        <li>
          <a href="#signing-in">Signing in</a>
        </li>
        {groups.map(({ name, calls }) => (
          <li key={name}>
            <a href={`#${anchor(name)}`}>{name}</a>
            <ul>
              {calls.map(({ id, method, path, summary }) => (
                <li key={id}>
                  <a href={`#${id}`} title={`${method} ${path}`}>
                    {summary}
                  </a>
                </li>
              ))}
            </ul>
          </li>
        ))}
        <li>
          <a href="#schemas">Schemas</a>
        </li>
        <li>
          <a href="#errors">Errors</a>
        </li>
      </ul>
    </nav>
  );
}

function Introduction() {
  return (
    <section className="docs-group" aria-labelledby="signing-in">
      <h2 id="signing-in">Signing in</h2>
      <div className="docs-text">
        <p>
          Calls marked <span className="tag">Admin</span> want the admin token as{' '}
          <code>Authorization: Bearer …</code>, or the cookie of a browser that is signed in to the
          studio. The token was printed at the first start and is kept in{' '}
          <code>keys/admin-token</code> of the data folder.
        </p>
        <p>
          Bodies are JSON, at most 256 KiB; a field that is not known is refused by its name. Lists
          come in pages: pass the <code>cursor</code> of one answer to get the next.
        </p>
      </div>
    </section>
  );
}

function Schemas({ document }: { document: Document }) {
  return (
    <section className="docs-group" aria-labelledby="schemas">
      <h2 id="schemas">Schemas</h2>
      {Object.entries(document.components.schemas).map(([name, schema]) => (
        <div key={name} className="docs-schema panel" id={`schema-${name}`}>
          <h3>{name}</h3>
          {schema.description !== undefined && <p className="dim">{schema.description}</p>}
          <SchemaView schema={schema} document={document} />
        </div>
      ))}
    </section>
  );
}

function Errors({ document }: { document: Document }) {
  return (
    <section className="docs-group" aria-labelledby="errors">
      <h2 id="errors">Errors</h2>
      <p className="dim">
        Every error is a problem document (RFC 9457). Its <code>code</code> stays the same for ever;{' '}
        <code>detail</code> says in words what happened, and <code>field</code> which field is at
        fault.
      </p>
      <div className="table-wrap panel">
        <table className="table">
          <caption className="visually-hidden">Error codes</caption>
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col">Status</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {document['x-errors'].map(({ code, status, title }) => (
              <tr key={code}>
                <th scope="row">
                  <code>{code}</code>
                </th>
                <td>{status}</td>
                <td className="docs-wrap">{title}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
