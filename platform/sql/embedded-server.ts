import { unlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { type Closable, type Logger, messageOf } from '#base';
import { onLines, requestSchema, type WireReply, type WireRequest } from './wire.ts';

/** A transaction that does nothing for so long is undone: it holds up everybody else. */
const IDLE_TRANSACTION_MS = 5_000;

const identity = (value: string) => value;
/** Type ids of timestamp, timestamptz, interval and date: they stay text, as the query layer expects. */
const PARSERS = { 1114: identity, 1184: identity, 1186: identity, 1082: identity };

interface Waiting {
  socket: Socket;
  request: WireRequest;
}

/**
 * PostgreSQL inside this process, served to the others on this machine. One
 * statement runs at a time; a transaction keeps the turn until it ends.
 */
export class EmbeddedDatabase implements Closable {
  readonly #db: PGlite;
  readonly #log: Logger;
  readonly #server;
  readonly #sockets = new Set<Socket>();
  #queue: Waiting[] = [];
  #owner: Socket | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #busy = false;

  private constructor(db: PGlite, log: Logger) {
    this.#db = db;
    this.#log = log;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Opens the folder, which nobody else may have open, and listens on a Unix socket. */
  static async open(options: {
    folder: string;
    socketPath: string;
    log: Logger;
  }): Promise<EmbeddedDatabase> {
    const { PGlite } = await import('@electric-sql/pglite');
    const db = await PGlite.create(options.folder);
    const database = new EmbeddedDatabase(db, options.log);
    await unlink(options.socketPath).catch(() => {});
    await new Promise<void>((resolve, reject) => {
      database.#server.once('error', reject);
      database.#server.listen(options.socketPath, resolve);
    });
    return database;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#db.close();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#queue = this.#queue.filter((waiting) => waiting.socket !== socket);
      if (this.#owner === socket) this.#undo();
    });
    onLines(socket, (line) => {
      let request: WireRequest;
      try {
        request = requestSchema.parse(JSON.parse(line));
      } catch (error) {
        this.#log.warn({ reason: messageOf(error) }, 'database request not understood');
        socket.destroy();
        return;
      }
      this.#queue.push({ socket, request });
      this.#next();
    });
  }

  /** Takes the next request whose turn it is: the owner of a transaction goes first, alone. */
  #next(): void {
    if (this.#busy) return;
    const at =
      this.#owner === undefined ? 0 : this.#queue.findIndex(({ socket }) => socket === this.#owner);
    const waiting = at < 0 ? undefined : this.#queue[at];
    if (waiting === undefined) return;
    this.#queue.splice(at, 1);
    this.#busy = true;
    this.#serve(waiting)
      .then((reply) => {
        if (waiting.socket.writable) waiting.socket.write(`${JSON.stringify(reply)}\n`);
      })
      .finally(() => {
        this.#busy = false;
        this.#next();
      });
  }

  async #serve({ socket, request }: Waiting): Promise<WireReply> {
    const { id, op, sql = '', params = [], rowMode = 'object' } = request;
    clearTimeout(this.#idleTimer);
    try {
      if (op === 'query') {
        const { rows, fields, affectedRows } = await this.#db.query(sql, params, {
          rowMode,
          parsers: PARSERS,
        });
        return {
          id,
          result: { rows, fields, ...(affectedRows === undefined ? {} : { affectedRows }) },
        };
      }
      if (op === 'begin') this.#owner = socket;
      if (op === 'commit' || op === 'rollback') this.#owner = undefined;
      await this.#db.exec(op === 'exec' ? sql : op);
      return { id, result: { rows: [], fields: [] } };
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      return {
        id,
        error: { message: messageOf(error), ...(typeof code === 'string' ? { code } : {}) },
      };
    } finally {
      if (this.#owner !== undefined) {
        this.#idleTimer = setTimeout(() => this.#owner?.destroy(), IDLE_TRANSACTION_MS);
      }
    }
  }

  #undo(): void {
    this.#owner = undefined;
    clearTimeout(this.#idleTimer);
    this.#queue.unshift({
      // Its reply goes nowhere.
      socket: { writable: false } as Socket,
      request: { id: 0, op: 'rollback' },
    });
    this.#next();
  }
}
