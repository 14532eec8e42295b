import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { z } from 'zod';
import { AmphiError, type Closable, type Fault, isAmphiError } from '#base';
import { translateAway } from './redis.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  field?: string;
  errors?: readonly Fault[];
}

export function problemOf(thrown: unknown): Problem {
  const error = translateAway(thrown);
  const known = isAmphiError(error) ? error : new AmphiError('internal', { cause: error });
  return {
    type: `urn:amphi:error:${known.code}`,
    title: known.title,
    status: known.status,
    code: known.code,
    ...(known.message === known.title ? {} : { detail: known.message }),
    ...(known.field === undefined ? {} : { field: known.field }),
    ...(known.faults.length === 0 ? {} : { errors: known.faults }),
  };
}

/** When to come again, as a header (RFC 9110 10.2.3), where the error says so. */
export function retryAfterOf(thrown: unknown): Record<string, number> {
  const error = translateAway(thrown);
  const seconds = isAmphiError(error) ? error.retryAfterSeconds : undefined;
  return seconds === undefined ? {} : { 'retry-after': seconds };
}

/** Answers with a problem; when the head has gone out already, ends the connection instead. */
export function sendProblem(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  res.writeHead(problem.status, {
    ...retryAfterOf(error),
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
  });
  res.end(body);
}

export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  const body = JSON.stringify(value);
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  res.end(body);
}

/** Reads a JSON body and validates it. Throws `body_too_large`, `bad_request` or `unknown_field`. */
export async function readJson<T extends z.ZodType>(
  req: IncomingMessage,
  schema: T,
  maxBytes = 256 * 1024,
): Promise<z.output<T>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > maxBytes)
      throw new AmphiError('body_too_large', `The body is over ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new AmphiError('bad_request', { detail: 'The body is not valid JSON', cause });
  }
  return validate(schema, value);
}

/** As many faults of one request are named; who makes more is not helped by a list. */
const MAX_FAULTS = 20;

/**
 * Throws `unknown_field` or `bad_request`: the first field at fault by name, and
 * all faults by their place in the body, or by the parameter.
 */
export function validate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  place: 'body' | 'parameters' = 'body',
): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const found = result.error.issues.flatMap(faultsOf).slice(0, MAX_FAULTS);
  const faults = found.map(({ path, detail }): Fault => {
    if (place === 'parameters') return { parameter: path.map(String).join('.'), detail };
    return { pointer: `#${path.map((key) => `/${escapePointer(String(key))}`).join('')}`, detail };
  });
  const [first] = found;
  const field = first?.path.map(String).join('.') ?? '';
  if (first?.unknown) {
    throw new AmphiError('unknown_field', { field, detail: `"${field}" ${first.detail}`, faults });
  }
  const message = first?.detail ?? 'not valid';
  const detail = field === '' ? message : `${field}: ${message}`;
  throw new AmphiError('bad_request', { field, detail, faults });
}

interface Found {
  path: PropertyKey[];
  detail: string;
  unknown: boolean;
}

function faultsOf(issue: z.core.$ZodIssue): Found[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: issue.path, detail: issue.message, unknown: false }];
  }
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    detail: 'is not a known field',
    unknown: true,
  }));
}

/** RFC 6901, section 3. */
const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

export interface Listener extends Closable {
  server: Server;
  port: number;
}

/**
 * A listener for calls between nodes. Long-lived streams go through it, so it
 * has no request timeout; the head must still arrive promptly.
 */
export async function listenInternal(
  handler: Handler,
  options: { host: string; port: number },
): Promise<Listener> {
  const server = createServer(
    { requestTimeout: 0, headersTimeout: 10_000, noDelay: true },
    (req, res) => {
      run(handler, req, res);
    },
  );
  return listen(server, options);
}

/** Runs a handler; whatever it throws becomes a problem. */
export function run(handler: Handler, req: IncomingMessage, res: ServerResponse): void {
  try {
    const result = handler(req, res);
    if (result instanceof Promise) result.catch((error) => sendProblem(res, error));
  } catch (error) {
    sendProblem(res, error);
  }
}

/** Binds a server; port 0 takes a free one. Rejects with the system's error when it cannot. */
export async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<Listener> {
  // An HTTP/2 server does not know its connections, so they are noted here.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server, sockets),
  };
}

function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

/** The value of a cookie in a request's Cookie field (RFC 6265 5.4). */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
