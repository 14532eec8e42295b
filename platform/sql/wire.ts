import type { Socket } from 'node:net';
import { z } from 'zod';

/**
 * How a process talks to the embedded database's process: lines of JSON over a
 * Unix socket. A transaction holds the database for its connection until it
 * ends, or the connection does.
 */

export const requestSchema = z.object({
  id: z.int(),
  op: z.enum(['query', 'exec', 'begin', 'commit', 'rollback']),
  sql: z.string().optional(),
  params: z.array(z.unknown()).optional(),
  rowMode: z.enum(['array', 'object']).optional(),
});
export type WireRequest = z.infer<typeof requestSchema>;

export interface WireReply {
  id: number;
  result?: { rows: unknown[]; fields: unknown[]; affectedRows?: number };
  error?: { message: string; code?: string };
}

const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Cuts a socket's bytes into lines. A line over the bound ends the connection. */
export function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    rest += text;
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 1);
      onLine(line);
    }
    if (rest.length > MAX_LINE_BYTES) socket.destroy();
  });
}
