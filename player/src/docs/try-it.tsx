import { type FormEvent, useId, useState } from 'react';
import { Notice } from '../ui/notice.tsx';
import { Code } from './code.tsx';
import { addressOf } from './example.ts';
import type { Call } from './spec.ts';
import '../ui/field.css';

interface Outcome {
  status: string;
  text: string;
  ms: number;
}

/** A stream has no end: this much of its beginning is shown. */
const STREAM_MS = 3_000;

/** Makes the call for real, with the session of this browser. */
export function TryIt({ call, body, onClose }: { call: Call; body: unknown; onClose: () => void }) {
  const id = useId();
  const [values, setValues] = useState<Record<string, string>>({});
  const [text, setText] = useState(() => JSON.stringify(body, undefined, 2));
  const [outcome, setOutcome] = useState<Outcome>();
  const [pending, setPending] = useState(false);
  const dangerous = call.method !== 'GET';

  const send = async (event: FormEvent) => {
    event.preventDefault();
    setPending(true);
    setOutcome(await make(call, addressOf(call, values), body === undefined ? undefined : text));
    setPending(false);
  };

  return (
    <form className="try" onSubmit={send} aria-label={`Try: ${call.summary}`}>
      <p className="dim small">
        Sent from this browser{call.admin ? ', with its studio session' : ''}.
        {dangerous && ' It is carried out for real.'}
      </p>
      <div className="try-fields">
        {call.parameters.map(({ name, required, in: place }) => (
          <div className="field" key={name}>
            <label className="field-label" htmlFor={`${id}-${name}`}>
              {name} <span className="dim">in the {place}</span>
            </label>
            <input
              id={`${id}-${name}`}
              className="input"
              required={required}
              value={values[name] ?? ''}
              onChange={(change) => setValues({ ...values, [name]: change.target.value })}
            />
          </div>
        ))}
      </div>
      {body !== undefined && (
        <div className="field">
          <label className="field-label" htmlFor={`${id}-body`}>
            Body
          </label>
          <textarea
            id={`${id}-body`}
            className="input try-body"
            spellCheck={false}
            rows={Math.min(12, text.split('\n').length + 1)}
            value={text}
            onChange={(change) => setText(change.target.value)}
          />
        </div>
      )}
      <div className="try-buttons">
        <button type="submit" className="btn btn-primary btn-small" disabled={pending}>
          Send {call.method}
        </button>
        <button type="button" className="btn btn-outline btn-small" onClick={onClose}>
          Close
        </button>
      </div>
      <div aria-live="polite">
        {outcome?.status === 'failed' && <Notice level="danger">{outcome.text}</Notice>}
        {outcome !== undefined && outcome.status !== 'failed' && (
          <Code title={`${outcome.status}, ${Math.round(outcome.ms)} ms`} text={outcome.text} />
        )}
      </div>
    </form>
  );
}

async function make(call: Call, address: string, body: string | undefined): Promise<Outcome> {
  const began = performance.now();
  try {
    const response = await fetch(address, {
      method: call.method,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body }),
    });
    const stream = call.answer.type === 'text/event-stream' && response.ok;
    const text = stream ? await beginningOf(response) : await response.text();
    return {
      status: `${response.status} ${response.statusText}`.trim(),
      text: text === '' ? '(no body)' : pretty(text),
      ms: performance.now() - began,
    };
  } catch {
    return { status: 'failed', text: 'The server cannot be reached.', ms: 0 };
  }
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return '';
  const timer = setTimeout(() => reader.cancel(), STREAM_MS);
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
  clearTimeout(timer);
  return text;
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
