/** The bytes of an answer on their way, as the edge hands them over. */
interface Flowing {
  readonly chunks: readonly Uint8Array[];
  readonly state: 'open' | 'done' | 'broken';
  watch(listener: () => void): () => void;
}

/** One request of a viewer without a network: notes how it is answered. */
export class TestExchange {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly address: string;
  readonly secure = false;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #closeListeners: (() => void)[] = [];
  readonly answered: Promise<this>;
  #resolve: () => void = () => {};
  closed = false;
  status = 0;
  headers: Record<string, string | number> = {};
  #flow: Flowing | undefined;

  constructor(
    url: string,
    fields: Readonly<Record<string, string>> = {},
    options: { method?: 'GET' | 'HEAD'; address?: string } = {},
  ) {
    this.url = url;
    this.#fields = fields;
    this.method = options.method ?? 'GET';
    this.address = options.address ?? '192.0.2.1';
    this.answered = new Promise((resolve) => {
      this.#resolve = () => resolve(this);
    });
  }

  header(name: string): string | undefined {
    return this.#fields[name];
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  send(status: number, headers: Record<string, string | number>, body: Flowing): void {
    if (this.status !== 0 || this.closed) return;
    this.status = status;
    this.headers = headers;
    this.#flow = body;
    this.#resolve();
    const step = () => {
      if (body.state !== 'open') this.leave();
    };
    body.watch(step);
    step();
  }

  /** The viewer goes away, or has all. */
  leave(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.#closeListeners) listener();
  }

  /** What of the body has come so far. */
  get body(): Buffer {
    return Buffer.concat(this.#flow?.chunks ?? []);
  }

  get bodyState(): Flowing['state'] | undefined {
    return this.#flow?.state;
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.body.toString()) as Record<string, unknown>;
  }
}
