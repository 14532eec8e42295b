import { createServer } from 'node:net';

/**
 * Below the range that the system takes ports of outgoing connections from: a
 * process that is killed and started again finds its port still free.
 */
const FIRST = 12_000;
const LAST = 32_000;
const ATTEMPTS = 50;

/** Free TCP ports on loopback. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt > ATTEMPTS) throw new Error('no free ports');
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
