import type { IncomingMessage } from 'node:http';
import { viewerAddress } from '#platform';

/** Who is at the other end, behind our own front and the proxies that are trusted. */
export function addressOf(req: IncomingMessage, trustProxy: number): string {
  const remote = req.socket.remoteAddress ?? 'unknown';
  const forwarded = String(req.headers['x-forwarded-for'] ?? '');
  return (viewerAddress(remote, forwarded, 1 + trustProxy) || remote).slice(0, 64);
}
