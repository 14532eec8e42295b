import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { type Amf0Value, readAmf0 } from '#protocol';
import { type Amf0Input, amf0 } from './amf0.ts';
import {
  AUDIO,
  type ChunkOptions,
  COMMAND,
  chunks,
  DATA,
  MessageReader,
  type RtmpMessage,
  SET_CHUNK_SIZE,
  type VIDEO,
} from './rtmp-wire.ts';

const HANDSHAKE_SIZE = 1536;
const ANSWER_TIMEOUT_MS = 15_000;
const CONTROL_STREAM = 2;
const COMMAND_STREAM = 3;
const AUDIO_STREAM = 4;
const VIDEO_STREAM = 6;

export interface RtmpClientOptions {
  port: number;
  host?: string;
  /** RTMPS, trusting this certificate authority. */
  tlsCa?: string;
}

/**
 * An RTMP publisher of our own, which can be told to misbehave at any layer:
 * raw bytes, chunks, messages, commands, media.
 */
export class RtmpClient {
  readonly socket: Socket;
  /** Resolves when the connection is gone, by whoever's will. */
  readonly closed: Promise<void>;
  readonly #reader = new MessageReader();
  readonly #messages: RtmpMessage[] = [];
  #greeting: Buffer | undefined = Buffer.alloc(0);
  #wake: () => void = () => {};
  #chunkSize = 128;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => this.#receive(bytes));
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        resolve();
        this.#wake();
      }),
    );
  }

  /** Rejects when the connection is refused. */
  static async connect(options: RtmpClientOptions): Promise<RtmpClient> {
    const { port, host = '127.0.0.1', tlsCa } = options;
    const secure = tlsCa !== undefined;
    const socket = secure
      ? connectTls({ port, host, ca: tlsCa, checkServerIdentity: () => undefined })
      : connect({ port, host, noDelay: true });
    const client = new RtmpClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(secure ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.readyState !== 'closed';
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** The plain handshake (5.2); resolves when the server's part is there. */
  async handshake(): Promise<void> {
    this.raw(Buffer.concat([Buffer.of(3), Buffer.alloc(HANDSHAKE_SIZE, 1)]));
    await this.#until('the handshake', () => (this.#greeting === undefined ? true : undefined));
    this.raw(Buffer.alloc(HANDSHAKE_SIZE, 2));
  }

  message(message: RtmpMessage, options: Partial<ChunkOptions> = {}): void {
    this.raw(
      chunks(message, { chunkStream: COMMAND_STREAM, chunkSize: this.#chunkSize, ...options }),
    );
  }

  setChunkSize(size: number): void {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(size);
    this.message(
      { type: SET_CHUNK_SIZE, timestampMs: 0, streamId: 0, body },
      { chunkStream: CONTROL_STREAM },
    );
    this.#chunkSize = size;
  }

  command(name: string, transaction: number, ...args: readonly Amf0Input[]): void {
    const body = amf0(name, transaction, ...args);
    const streamId = name === 'publish' ? 1 : 0;
    this.message({ type: COMMAND, timestampMs: 0, streamId, body });
  }

  /** Waits for a command of the server with this name. Rejects when the connection ends first. */
  async answer(name: string): Promise<Amf0Value[]> {
    return this.#until(`"${name}" of the server`, () => {
      for (const [i, message] of this.#messages.entries()) {
        if (message.type !== COMMAND) continue;
        const values = readAmf0(message.body);
        if (values[0] !== name) continue;
        this.#messages.splice(0, i + 1);
        return values;
      }
      return undefined;
    });
  }

  /** Handshake and connect, up to where a publish is due. */
  async open(app = 'live'): Promise<void> {
    await this.handshake();
    this.command('connect', 1, { app, tcUrl: `rtmp://127.0.0.1/${app}`, flashVer: 'test' });
    await this.answer('_result');
    this.setChunkSize(4096);
    this.command('createStream', 2, null);
    await this.answer('_result');
  }

  /** All the way to publishing. Resolves with the code of the server's status. */
  async publish(streamKey: string, app = 'live'): Promise<string> {
    await this.open(app);
    this.command('publish', 3, null, streamKey, 'live');
    const [, , , status] = await this.answer('onStatus');
    const { code } = status as { code: string };
    return code;
  }

  media(type: typeof AUDIO | typeof VIDEO, timestampMs: number, body: Uint8Array): void {
    const chunkStream = type === AUDIO ? AUDIO_STREAM : VIDEO_STREAM;
    this.message({ type, timestampMs, streamId: 1, body }, { chunkStream });
  }

  metadata(metadata: { [key: string]: Amf0Input }): void {
    const body = amf0('@setDataFrame', 'onMetaData', metadata);
    this.message({ type: DATA, timestampMs: 0, streamId: 1, body }, { chunkStream: AUDIO_STREAM });
  }

  /** Every message of the server that nobody has waited for. */
  get received(): readonly RtmpMessage[] {
    return this.#messages;
  }

  /** Ends the connection at once, as when a process dies. */
  destroy(): void {
    // Only a bare connection can be reset.
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  #receive(bytes: Buffer): void {
    let rest: Uint8Array = bytes;
    if (this.#greeting !== undefined) {
      const all = Buffer.concat([this.#greeting, bytes]);
      const size = 1 + 2 * HANDSHAKE_SIZE;
      this.#greeting = all.length < size ? all : undefined;
      if (all.length < size) return;
      rest = all.subarray(size);
    }
    this.#messages.push(...this.#reader.push(rest));
    this.#wake();
  }

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#wake = () => {};
        settle();
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`no ${what}`))),
        ANSWER_TIMEOUT_MS,
      );
      this.#wake = () => {
        const found = look();
        if (found !== undefined) finish(() => resolve(found));
        else if (!this.isOpen) finish(() => reject(new Error(`closed before ${what}`)));
      };
      this.#wake();
    });
  }
}
