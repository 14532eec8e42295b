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

/** For an answer, and for a connection that is free to ask by. */
const PATIENCE_MS = 15_000;
const MAX_CONNECTIONS = 8;
/** For a connection: more than that would not come in time. */
const MAX_WAITING = 1_000;

interface Waiting {
  resolve: (connection: Connection) => void;
  reject: (error: unknown) => void;
}

/**
 * A client of the embedded database's process with the interface of PGlite
 * itself, as far as Drizzle uses it. Connections are made when needed; one
 * that breaks fails what was under way on it and nothing else. Everything throws
 * `unavailable` when the database is away, or does not answer in time.
 */
export class EmbeddedClient implements Queryable, Closable {
  readonly #socketPath: string;
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #patienceMs: number;
  #open = 0;
  #closed = false;

  constructor(socketPath: string, patienceMs = PATIENCE_MS) {
    this.#socketPath = socketPath;
    this.#patienceMs = patienceMs;
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
        // What breaks is undone at the other end.
        if (connection.usable) await connection.request({ op: 'rollback' }).catch(() => {});
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
    for (const { reject } of [...this.#waiting]) reject(new AmphiError('closed'));
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
    return this.#open < MAX_CONNECTIONS ? this.#connect() : this.#wait();
  }

  async #connect(): Promise<Connection> {
    this.#open++;
    try {
      return await Connection.open(this.#socketPath, this.#patienceMs);
    } catch (cause) {
      this.#left();
      throw new AmphiError('unavailable', { detail: 'the database is not reachable', cause });
    }
  }

  #wait(): Promise<Connection> {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new AmphiError('unavailable', 'too much waits for the database');
    }
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        resolve: (connection) => {
          done();
          resolve(connection);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiting.reject(new AmphiError('unavailable', 'the database does not answer')),
        this.#patienceMs,
      );
      this.#waiting.add(waiting);
    });
  }

  #release(connection: Connection): void {
    if (!connection.usable || this.#closed) {
      connection.destroy();
      this.#left();
      return;
    }
    const [waiting] = this.#waiting;
    if (waiting === undefined) this.#idle.push(connection);
    else waiting.resolve(connection);
  }

  /** There is one connection less: another one for those who wait. Where that cannot be had, nothing can. */
  #left(): void {
    this.#open--;
    if (this.#waiting.size === 0 || this.#closed) return;
    this.#connect().then(
      (connection) => this.#release(connection),
      (error) => {
        for (const { reject } of [...this.#waiting]) reject(error);
      },
    );
  }
}

class Connection implements Queryable {
  readonly #socket: Socket;
  readonly #patienceMs: number;
  readonly #pending = new Map<
    number,
    { resolve: (result: Result) => void; reject: (error: Error) => void }
  >();
  #nextId = 1;

  private constructor(socket: Socket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    onLines(socket, (line) => this.#receive(JSON.parse(line) as WireReply));
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#pending.values()) {
        reject(new AmphiError('unavailable', 'the database went away'));
      }
      this.#pending.clear();
    });
  }

  static open(path: string, patienceMs: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, patienceMs));
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

  async request(request: Omit<WireRequest, 'id'>): Promise<Result> {
    // Nothing would be heard of it: the end of the connection has been told already.
    if (!this.usable) throw new AmphiError('unavailable', 'the database went away');
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // A late answer must not meet a later question.
        this.#socket.destroy();
      }, this.#patienceMs);
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
