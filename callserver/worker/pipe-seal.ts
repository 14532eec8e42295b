import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { AmphiError } from '#base';

/*
 * Packets between two call servers on different machines, sealed one by one with
 * AES-128-GCM (RFC 5116): `pipe id (4) | counter (6) | ciphertext | tag (16)`; the
 * head is authenticated with it. Keys come of X25519, whose public halves the
 * owners of both ends carry over, and of a secret that only they share: who
 * overhears or changes what they say to each other still has no key.
 */
const CIPHER = 'aes-128-gcm';
const KEY_BYTES = 16;
const SALT_BYTES = 12;
const COUNTER_BYTES = 6;
const TAG_BYTES = 16;
const ID_BYTES = 4;
export const PIPE_HEAD = ID_BYTES + COUNTER_BYTES;
export const PIPE_OVERHEAD = PIPE_HEAD + TAG_BYTES;
const WINDOW = 1_024;
const LABEL = 'amphi pipe 1';

/** One end's half of the agreement on keys. */
export class PipeKeys {
  readonly #privateKey: KeyObject;
  /** Base64url, 32 bytes. */
  readonly publicKey: string;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    this.#privateKey = privateKey;
    this.publicKey = publicKey.export({ format: 'jwk' }).x ?? '';
  }

  /** Throws `bad_request` for a public key that is none. */
  agree(remotePublicKey: string, secret: string): { sealer: PipeSealer; opener: PipeOpener } {
    let shared: Buffer;
    try {
      const key = { kty: 'OKP', crv: 'X25519', x: remotePublicKey };
      const publicKey = createPublicKey({ key, format: 'jwk' });
      shared = diffieHellman({ privateKey: this.#privateKey, publicKey });
    } catch (cause) {
      throw new AmphiError('bad_request', { detail: 'no public key of a pipe', cause });
    }
    const derive = (from: string, to: string) => {
      const info = `${LABEL} ${from} ${to}`;
      return Buffer.from(hkdfSync('sha256', shared, secret, info, KEY_BYTES + SALT_BYTES));
    };
    return {
      sealer: new PipeSealer(derive(this.publicKey, remotePublicKey)),
      opener: new PipeOpener(derive(remotePublicKey, this.publicKey)),
    };
  }
}

/** RFC 8446 5.3: the salt with the counter on its last bytes. */
function nonceOf(salt: Buffer, counter: number, into: Buffer): Buffer {
  salt.copy(into);
  const high = Math.floor(counter / 2 ** 32);
  into.writeUInt32BE((salt.readUInt32BE(8) ^ (counter % 2 ** 32)) >>> 0, 8);
  into.writeUInt16BE(salt.readUInt16BE(6) ^ high, 6);
  return into;
}

export class PipeSealer {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #nonce = Buffer.alloc(SALT_BYTES);
  #counter = 0;

  constructor(secret: Buffer) {
    this.#key = secret.subarray(0, KEY_BYTES);
    this.#salt = secret.subarray(KEY_BYTES);
  }

  /** Writes the sealed packet into `into`, whose first four bytes are the pipe's id; returns its size. */
  seal(packet: Uint8Array, into: Buffer): number {
    into.writeUIntBE(++this.#counter, ID_BYTES, COUNTER_BYTES);
    const cipher = createCipheriv(
      CIPHER,
      this.#key,
      nonceOf(this.#salt, this.#counter, this.#nonce),
    );
    cipher.setAAD(into.subarray(0, PIPE_HEAD));
    const sealed = cipher.update(packet);
    sealed.copy(into, PIPE_HEAD);
    cipher.final();
    cipher.getAuthTag().copy(into, PIPE_HEAD + sealed.length);
    return PIPE_OVERHEAD + sealed.length;
  }
}

export class PipeOpener {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #nonce = Buffer.alloc(SALT_BYTES);
  /** Counters that were seen, by their place in the window. */
  readonly #seen = new Float64Array(WINDOW);
  #highest = 0;

  constructor(secret: Buffer) {
    this.#key = secret.subarray(0, KEY_BYTES);
    this.#salt = secret.subarray(KEY_BYTES);
  }

  /** The packet; undefined for what is forged, damaged, there already or too old. */
  open(bytes: Buffer): Buffer | undefined {
    if (bytes.length <= PIPE_OVERHEAD) return undefined;
    const counter = bytes.readUIntBE(ID_BYTES, COUNTER_BYTES);
    const place = counter % WINDOW;
    if (counter + WINDOW <= this.#highest || this.#seen[place] === counter) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(this.#salt, counter, this.#nonce));
    decipher.setAAD(bytes.subarray(0, PIPE_HEAD));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const packet = decipher.update(bytes.subarray(PIPE_HEAD, bytes.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    this.#seen[place] = counter;
    this.#highest = Math.max(this.#highest, counter);
    return packet;
  }
}
