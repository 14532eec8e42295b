import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError } from '#base';
import { bearerOf, METRICS_CONTENT_TYPE, mergeExpositions, sameSecret } from '#platform';

/**
 * `/metrics` of all processes of this machine. For who has the admin token,
 * and for who asks directly from this machine: a request that any proxy passed
 * on is not that.
 */

export interface MetricsPageOptions {
  adminToken: string;
  /** The expositions of this process and of the others here. */
  collect: () => Promise<string[]>;
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'] as const;

export async function sendMetrics(
  req: IncomingMessage,
  res: ServerResponse,
  { adminToken, collect }: MetricsPageOptions,
): Promise<void> {
  const token = bearerOf(req.headers.authorization);
  const isAdmin = token !== undefined && sameSecret(token, adminToken);
  if (!isAdmin && !isLocal(req)) {
    throw new AmphiError('unauthorized', 'metrics need the admin token');
  }
  const body = mergeExpositions(await collect());
  res.writeHead(200, {
    'content-type': METRICS_CONTENT_TYPE,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  res.end(body);
}

function isLocal(req: IncomingMessage): boolean {
  return (
    LOOPBACK.test(req.socket.remoteAddress ?? '') &&
    PROXY_HEADERS.every((name) => req.headers[name] === undefined)
  );
}
