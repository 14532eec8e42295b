import type { ServerResponse } from 'node:http';
import { AmphiError, type Closable, randomId } from '#base';
import { CORS } from '#callserver';

/** The events of draft-ietf-wish-whep that viewers may have. */
export const VIEWER_EVENTS = ['active', 'inactive', 'layers', 'reconnect'] as const;
export type ViewerEvent = (typeof VIEWER_EVENTS)[number];

/** Of one viewer. */
const MAX_STREAMS = 4;
const ID_CHARACTERS = 16;
/** Proxies on the way end what is silent. */
const HEARTBEAT_MS = 10_000;
const RECONNECT_AFTER_MS = 1_000;

interface Stream {
  events: ReadonlySet<string>;
  /** The newest of each kind that nobody has taken yet. */
  waiting: Map<ViewerEvent, string>;
  res: ServerResponse | undefined;
}

/** Server-sent events of one WHEP session: streams that were asked for by POST and are read by GET. */
export class EventStreams implements Closable {
  readonly #streams = new Map<string, Stream>();
  readonly #heartbeat: NodeJS.Timeout;
  /** The newest of each kind, for streams to come. */
  readonly #newest = new Map<ViewerEvent, string>();

  constructor() {
    this.#heartbeat = setInterval(() => {
      for (const { res } of this.#streams.values()) res?.write(': \n\n');
    }, HEARTBEAT_MS);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A stream of these events, by its id. Throws `too_many`. */
  create(events: readonly string[]): string {
    if (this.#streams.size >= MAX_STREAMS) throw new AmphiError('too_many', 'event streams');
    const id = randomId(ID_CHARACTERS);
    const wanted = new Set(events);
    const waiting = new Map([...this.#newest].filter(([name]) => wanted.has(name)));
    this.#streams.set(id, { events: wanted, waiting, res: undefined });
    return id;
  }

  /** Answers with the stream, which a later reader of it takes over. Throws `not_found`. */
  open(id: string, res: ServerResponse): void {
    const stream = this.#stream(id);
    res.writeHead(200, {
      ...CORS,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    res.write(`retry: ${RECONNECT_AFTER_MS}\n\n`);
    stream.res?.end();
    stream.res = res;
    for (const text of stream.waiting.values()) res.write(text);
    stream.waiting.clear();
    res.once('close', () => {
      if (stream.res === res) stream.res = undefined;
    });
  }

  /** Throws `not_found`. */
  delete(id: string): void {
    this.#stream(id).res?.end();
    this.#streams.delete(id);
  }

  emit(name: ViewerEvent, data: unknown): void {
    const text = `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    if (name === 'active') this.#newest.delete('inactive');
    if (name === 'inactive') this.#newest.delete('active');
    this.#newest.set(name, text);
    for (const { events, waiting, res } of this.#streams.values()) {
      if (!events.has(name)) continue;
      if (res === undefined) waiting.set(name, text);
      else res.write(text);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    for (const { res } of this.#streams.values()) res?.end();
    this.#streams.clear();
  }

  #stream(id: string): Stream {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new AmphiError('not_found', 'no such event stream');
    return stream;
  }
}
