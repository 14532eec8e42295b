import { createConnection, type Socket } from 'node:net';
import { AmphiError, type Closable } from '#base';
import { onLines, type WireReply, type WireRequest } from './wire.ts';

type Result = NonNullable<WireReply['result']>;

/** What the query layer asks of a client, the same inside and outside a transaction. */
interface Queryable {
  query(
    sql: string,
    params?: unknown[],
    options?: { rowMode?: 'array' | 'object' },
  ): Promise<Result>;
}

const REQUEST_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 8;

/**
 * A client of the embedded database's process with the interface of PGlite
 * itself, as far as Drizzle uses it. Connections are made when needed; one
 * that breaks fails what was under way on it and nothing else.
 */
export class EmbeddedClient implements Queryable, Closable {
  readonly #socketPath: string;
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #open = 0;
  #closed = false;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async query(
    sql: string,
    params: unknown[] = [],
    options: { rowMode?: 'array' | 'object' } = {},
  ): Promise<Result> {
    return this.#with((connection) => connection.query(sql, params, options));
  }

  /** Several statements without parameters. */
  async exec(sql: string): Promise<void> {
    await this.#with((connection) => connection.request({ op: 'exec', sql }));
  }

  async transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T> {
    return this.#with(async (connection) => {
      await connection.request({ op: 'begin' });
      try {
        const result = await work(connection);
        await connection.request({ op: 'commit' });
        return result;
      } catch (error) {
        await connection.request({ op: 'rollback' }).catch(() => {});
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  async #with<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#acquire();
    try {
      return await work(connection);
    } finally {
      this.#release(connection);
    }
  }

  async #acquire(): Promise<Connection> {
    if (this.#closed) throw new AmphiError('closed');
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
      this.#open--;
    }
    if (this.#open >= MAX_CONNECTIONS) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#open++;
    try {
      return await Connection.open(this.#socketPath);
    } catch (cause) {
      this.#open--;
      throw new AmphiError('unavailable', { detail: 'the database is not reachable', cause });
    }
  }

  #release(connection: Connection): void {
    if (!connection.usable || this.#closed) {
      this.#open--;
      connection.destroy();
      const waiting = this.#waiting.shift();
      if (waiting !== undefined)
        this.#acquire().then(waiting, () => this.#waiting.unshift(waiting));
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#idle.push(connection);
    else waiting(connection);
  }
}

class Connection implements Queryable {
  readonly #socket: Socket;
  readonly #pending = new Map<
    number,
    { resolve: (result: Result) => void; reject: (error: Error) => void }
  >();
  #nextId = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    onLines(socket, (line) => this.#receive(JSON.parse(line) as WireReply));
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#pending.values()) {
        reject(new AmphiError('unavailable', 'the database went away'));
      }
      this.#pending.clear();
    });
  }

  static open(path: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  get usable(): boolean {
    return this.#socket.writable;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  query(
    sql: string,
    params: unknown[] = [],
    options: { rowMode?: 'array' | 'object' } = {},
  ): Promise<Result> {
    return this.request({ op: 'query', sql, params, rowMode: options.rowMode ?? 'object' });
  }

  request(request: Omit<WireRequest, 'id'>): Promise<Result> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // A late answer must not meet a later question.
        this.#socket.destroy();
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(id, {
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  #receive(reply: WireReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.error !== undefined) {
      pending?.reject(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
    } else if (reply.result !== undefined) {
      pending?.resolve(reply.result);
    }
  }
}
