import type { ProblemView } from '#contracts';

/** A call that did not succeed, in words for people; `code` is the API's own, or `offline`. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly field: string | undefined;

  constructor(code: string, status: number, text: string, field?: string) {
    super(text);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

export interface CallOptions {
  body?: unknown;
  /** A bearer token, where the session alone does not say enough. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** A call of the API with this browser's session. Throws `Problem`. */
export async function call<T = undefined>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { body, token, signal }: CallOptions = {},
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      ...(signal === undefined ? {} : { signal }),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem('offline', 0, 'The server cannot be reached. Is it still running?');
  }
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw problemOf(response.status, text);
}

/** The problem in an answer that is no success. */
export function problemOf(status: number, text: string): Problem {
  let problem: Partial<ProblemView> = {};
  try {
    problem = JSON.parse(text) as ProblemView;
  } catch {
    // Not from Amphi but from something in between.
  }
  const { code = 'internal', detail, title, field } = problem;
  return new Problem(
    code,
    status,
    sentence(detail ?? title ?? `The server answered ${status}`),
    field,
  );
}

/** Details of the API begin in lower case; on a page they stand alone. */
function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

export const textOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
