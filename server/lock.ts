import { unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { AmphiError, type Closable } from '#base';

/**
 * The sole right to a data folder: a Unix socket on which the holder listens.
 * The operating system takes it away from a process that dies, however it dies.
 */
export class FolderLock implements Closable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Throws `already_running` when another process holds it. `answer` is what those who ask are told. */
  static async take(socketPath: string, folder: string, answer: () => string): Promise<FolderLock> {
    if (await somebodyListens(socketPath)) {
      throw new AmphiError(
        'already_running',
        `another Amphi uses the data folder ${folder}; stop it, or set AMPHI_DATA_DIR to another folder`,
      );
    }
    await unlink(socketPath).catch(() => {});
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(answer());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
    return new FolderLock(server);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function somebodyListens(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** What the holder of the lock answers; undefined when nobody holds it. */
export function askHolder(socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', () => resolve(undefined));
    socket.once('end', () => resolve(text));
  });
}
