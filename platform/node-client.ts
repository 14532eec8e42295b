import { type IncomingMessage, request } from 'node:http';
import { AmphiError, type ErrorCode, isAmphiError, isErrorCode, messageOf } from '#base';
import type { NodeRecord } from '#contracts';
import type { NodeRegistry } from './registry.ts';
import type { TokenIssuer } from './tokens.ts';

const TOKEN_LIFETIME_SECONDS = 600;
const TOKEN_REUSE_MS = 300_000;

/** Makes the Authorization header of a node; the token in it is used for a while, then replaced. */
export function nodeAuthorization(tokens: TokenIssuer, nodeId: string): () => Promise<string> {
  let known: { header: string; at: number } | undefined;
  return async () => {
    const now = performance.now();
    if (known === undefined || now - known.at > TOKEN_REUSE_MS) {
      const token = await tokens.sign('node', { sub: nodeId }, TOKEN_LIFETIME_SECONDS);
      known = { header: `Bearer ${token}`, at: now };
    }
    return known.header;
  };
}

/** HTTP between the nodes of a cluster, with a node token on every call. */
export class NodeClient {
  readonly #registry: NodeRegistry;
  /** The Authorization header of calls to other nodes. */
  readonly authorization: () => Promise<string>;

  constructor(options: { registry: NodeRegistry; tokens: TokenIssuer; nodeId: string }) {
    this.#registry = options.registry;
    this.authorization = nodeAuthorization(options.tokens, options.nodeId);
  }

  /** The nodes of a role, youngest first. Throws `unavailable` when there is none. */
  async nodes(role: string): Promise<NodeRecord[]> {
    const nodes = await this.#registry.find(role);
    if (nodes.length === 0) throw new AmphiError('unavailable', `no ${role} node is up`);
    return nodes;
  }

  /**
   * A JSON call to the first node of a role that answers. Problems that the
   * node reports are thrown with their own code; `unavailable` when none can
   * be reached. A node that reports `elsewhere` does not have what the call is
   * about: the next one is asked.
   */
  async call(
    role: string,
    path: string,
    options: { method?: string; body?: unknown; timeoutMs?: number; elsewhere?: ErrorCode } = {},
  ): Promise<unknown> {
    let failure: unknown;
    let notHere: AmphiError | undefined;
    for (const node of await this.nodes(role)) {
      try {
        return await this.callAt(node.url, path, options);
      } catch (error) {
        if (isAmphiError(error, 'unavailable') && error.cause !== undefined) failure = error.cause;
        else if (isAmphiError(error) && error.code === options.elsewhere) notHere = error;
        else throw error;
      }
    }
    if (notHere !== undefined && failure === undefined) throw notHere;
    throw new AmphiError('unavailable', {
      detail: `no ${role} node answers: ${messageOf(failure)}`,
      cause: failure,
    });
  }

  /**
   * A JSON call to one node. Throws the node's problem with its own code, and
   * `unavailable` with a cause when it cannot be reached.
   */
  async callAt(
    url: string,
    path: string,
    options: { method?: string; body?: unknown; timeoutMs?: number } = {},
  ): Promise<unknown> {
    const authorization = await this.authorization();
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
        headers: {
          authorization,
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        signal: AbortSignal.timeout(options.timeoutMs ?? 5_000),
      });
    } catch (cause) {
      const detail = `the node at ${url} does not answer: ${messageOf(cause)}`;
      throw new AmphiError('unavailable', { detail, cause });
    }
    const value: unknown = response.status === 204 ? undefined : await response.json();
    if (!response.ok) throw problemToError(value);
    return value;
  }

  /** Opens a stream from a node. Rejects with the node's problem, or the system's error. */
  async stream(url: string, signal: AbortSignal): Promise<IncomingMessage> {
    const authorization = await this.authorization();
    return new Promise((resolve, reject) => {
      const req = request(url, { headers: { authorization }, signal, agent: false }, (res) => {
        if (res.statusCode === 200) resolve(res);
        else readProblem(res).then(reject, reject);
      });
      req.on('error', reject);
      req.end();
    });
  }
}

/** The error that a problem response stands for. */
export async function readProblem(res: IncomingMessage): Promise<AmphiError> {
  let text = '';
  for await (const chunk of res) {
    text += String(chunk);
    if (text.length > 10_000) break;
  }
  try {
    return problemToError(JSON.parse(text));
  } catch {
    return new AmphiError('upstream_failed', `answered ${res.statusCode}`);
  }
}

function problemToError(value: unknown): AmphiError {
  const { code, detail, title } = (value ?? {}) as Record<string, unknown>;
  return new AmphiError(
    isErrorCode(code) ? code : 'upstream_failed',
    String(detail ?? title ?? ''),
  );
}
