import { createConnection } from 'node:net';
import { delay } from '#base';
import type { DataFolder } from './data-folder.ts';
import { type ProcessSpec, program } from './supervised.ts';

const POLL_MS = 20;

/**
 * A redis-server of our own: reachable through a Unix socket only, written
 * down every second so that queues and leases outlive a crash of it.
 */
export function privateRedis(options: {
  folder: DataFolder;
  onOutput: (line: string) => void;
}): ProcessSpec {
  const { folder } = options;
  const socketPath = `${folder.sockets}/redis.sock`;
  const args = [
    ...['--port', '0', '--unixsocket', socketPath, '--unixsocketperm', '700'],
    ...['--dir', folder.redis, '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
    ...['--maxmemory-policy', 'noeviction', '--loglevel', 'warning', '--daemonize', 'no'],
  ];
  return program({
    name: 'redis',
    command: 'redis-server',
    args,
    onOutput: options.onOutput,
    ready: async () => {
      while (!(await answers(socketPath))) await delay(POLL_MS);
    },
  });
}

/** Answers PING, which it does not while it still reads its file. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
