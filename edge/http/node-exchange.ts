import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, OutHeaders } from './exchange.ts';
import type { Flow } from './flow.ts';

/** A piece of a body that is handed over at a time: under TLS each becomes a copy in memory. */
const SLICE_BYTES = 64 * 1024;

/** A request on Node's own HTTP/1 or HTTP/2 server. */
export class NodeExchange implements Exchange {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly address: string;
  readonly secure: boolean;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #closed = false;

  constructor(req: IncomingMessage, res: ServerResponse, address: string) {
    this.method = req.method === 'HEAD' ? 'HEAD' : 'GET';
    this.url = req.url ?? '/';
    this.address = address;
    this.secure = 'encrypted' in req.socket;
    this.#req = req;
    this.#res = res;
    // The response of HTTP/2 does not say by itself that it has been closed.
    res.once('close', () => {
      this.#closed = true;
    });
  }

  get closed(): boolean {
    return this.#closed || this.#res.writableEnded;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name];
    return typeof value === 'string' ? value : undefined;
  }

  onClose(listener: () => void): void {
    this.#res.once('close', listener);
  }

  send(status: number, headers: OutHeaders, body: Flow): void {
    if (this.closed || this.#res.headersSent) return;
    this.#res.writeHead(status, headers);
    if (this.method === 'HEAD' || status === 304) {
      this.#res.end();
      return;
    }
    this.#pump(body);
  }

  /** Hands over as much as is taken, and goes on when there is room, or more to send. */
  #pump(body: Flow): void {
    const res = this.#res;
    let index = 0;
    let offset = 0;
    let isFull = false;
    const step = () => {
      while (!isFull && !this.#closed && index < body.chunks.length) {
        const chunk = body.chunks[index] as Uint8Array;
        const slice = chunk.subarray(offset, offset + SLICE_BYTES);
        offset += slice.length;
        if (offset >= chunk.length) {
          index++;
          offset = 0;
        }
        isFull = slice.length > 0 && !res.write(slice);
      }
      if (index < body.chunks.length) return;
      if (body.state === 'done' && !res.writableEnded) res.end();
      else if (body.state === 'broken') res.destroy();
    };
    const off = body.watch(step);
    res.on('drain', () => {
      isFull = false;
      step();
    });
    res.once('close', off);
    step();
  }
}
