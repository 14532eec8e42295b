import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { attribute } from './stun.ts';

const COOKIE = 0x2112a442;
const [ALLOCATE, CREATE_PERMISSION] = [0x0003, 0x0008];
const [USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, XOR_PEER_ADDRESS] = [0x06, 0x08, 0x09, 0x12];
const [REALM, NONCE, XOR_RELAYED_ADDRESS, REQUESTED_TRANSPORT] = [0x14, 0x15, 0x16, 0x19];
const UDP = 17;
const ANSWER_MS = 3_000;

type Attributes = ReadonlyMap<number, Buffer>;

/** The least of a TURN client (RFC 8656) over UDP, to see what a server lets somebody do. */
export class TurnClient {
  readonly #socket: Socket;
  readonly #server: { address: string; port: number };
  readonly #credentials: { username: string; credential: string };
  #realm = '';
  #nonce: Buffer = Buffer.alloc(0);

  private constructor(
    socket: Socket,
    server: TurnClient['server'],
    credentials: { username: string; credential: string },
  ) {
    this.#socket = socket;
    this.#server = server;
    this.#credentials = credentials;
  }

  get server(): { address: string; port: number } {
    return this.#server;
  }

  static async open(
    server: { address: string; port: number },
    credentials: { username: string; credential: string },
  ): Promise<TurnClient> {
    const socket = createSocket('udp4');
    socket.bind(0);
    await once(socket, 'listening');
    return new TurnClient(socket, server, credentials);
  }

  /** Asks for a relayed address; resolves with it, or with the error code of the refusal. */
  async allocate(): Promise<{ address: string; port: number } | number> {
    const transport: [number, Buffer] = [REQUESTED_TRANSPORT, Buffer.from([UDP, 0, 0, 0])];
    const challenge = await this.#ask(ALLOCATE, [transport], false);
    this.#realm = String(challenge.get(REALM));
    this.#nonce = challenge.get(NONCE) ?? Buffer.alloc(0);
    const answer = await this.#ask(ALLOCATE, [transport], true);
    const relayed = answer.get(XOR_RELAYED_ADDRESS);
    return relayed === undefined ? errorOf(answer) : readAddress(relayed);
  }

  /** Asks to relay to and from this address; resolves with the error code of the refusal, undefined when it may. */
  async permit(address: string): Promise<number | undefined> {
    const answer = await this.#ask(
      CREATE_PERMISSION,
      [[XOR_PEER_ADDRESS, writeAddress(address)]],
      true,
    );
    return answer.has(ERROR_CODE) ? errorOf(answer) : undefined;
  }

  close(): void {
    this.#socket.close();
  }

  async #ask(
    method: number,
    attributes: readonly [number, Buffer][],
    signed: boolean,
  ): Promise<Attributes> {
    const id = randomBytes(12);
    const { username, credential } = this.#credentials;
    const about: [number, Buffer][] = signed
      ? [
          [USERNAME, Buffer.from(username)],
          [REALM, Buffer.from(this.#realm)],
          [NONCE, this.#nonce],
        ]
      : [];
    let message = messageOf(method, id, [...attributes, ...about]);
    if (signed) {
      const key = createHash('md5').update(`${username}:${this.#realm}:${credential}`).digest();
      // The length counts the signature, which is of what stands before it (RFC 8489 14.5).
      message.writeUInt16BE(message.length - 20 + 24, 2);
      const signature = createHmac('sha1', key).update(message).digest();
      message = Buffer.concat([message, attribute(MESSAGE_INTEGRITY, signature)]);
    }
    this.#socket.send(message, this.#server.port, this.#server.address);
    const signal = AbortSignal.timeout(ANSWER_MS);
    for (;;) {
      const [bytes] = (await once(this.#socket, 'message', { signal })) as [Buffer];
      if (bytes.subarray(8, 20).equals(id)) return attributesOf(bytes);
    }
  }
}

function messageOf(method: number, id: Buffer, attributes: readonly [number, Buffer][]): Buffer {
  const body = Buffer.concat(attributes.map(([type, value]) => attribute(type, value)));
  const header = Buffer.alloc(8);
  header.writeUInt16BE(method, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([header, id, body]);
}

function attributesOf(message: Buffer): Attributes {
  const found = new Map<number, Buffer>();
  for (let at = 20; at + 4 <= message.length; ) {
    const length = message.readUInt16BE(at + 2);
    found.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return found;
}

/** RFC 8489 14.8: hundreds in the third byte, the rest in the fourth. */
const errorOf = (answer: Attributes): number => {
  const value = answer.get(ERROR_CODE) ?? Buffer.alloc(4);
  return (value[2] ?? 0) * 100 + (value[3] ?? 0);
};

/** RFC 8489 14.2, for IPv4. */
function readAddress(value: Buffer): { address: string; port: number } {
  const port = value.readUInt16BE(2) ^ (COOKIE >>> 16);
  const host = (value.readUInt32BE(4) ^ COOKIE) >>> 0;
  return { address: [24, 16, 8, 0].map((shift) => (host >>> shift) & 0xff).join('.'), port };
}

function writeAddress(address: string): Buffer {
  const value = Buffer.alloc(8);
  value[1] = 1;
  value.writeUInt16BE(9 ^ (COOKIE >>> 16), 2);
  const host = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  value.writeUInt32BE((host ^ COOKIE) >>> 0, 4);
  return value;
}
