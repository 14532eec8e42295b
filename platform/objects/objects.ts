import type { Readable } from 'node:stream';
import { AmphiError } from '#base';

/** Bytes under a name, kept for good: a folder, or a bucket of an S3 API. */
export interface Objects {
  /**
   * Stores `body`, of exactly `size` bytes; it is there whole, or not at all.
   * Rejects with the error of `body`, or `bad_request` where it has another size.
   */
  put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  /** Undefined when there is none. */
  get(key: string): Promise<{ size: number; body: Readable } | undefined>;
  /** Removing what is not there is done already. */
  remove(key: string): Promise<void>;
  /** Removes everything whose key begins with `prefix/`. */
  removeAll(prefix: string): Promise<void>;
}

const KEY = /^[a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)*$/;

/** Throws `internal` for a key that is none: keys are of our own making, never of people's. */
export function requireKey(key: string): string {
  if (!KEY.test(key)) throw new AmphiError('internal', `"${key}" is no key of an object`);
  return key;
}

/** Passes `body` on, and throws `bad_request` when it has not exactly this size. */
export async function* ofSize(
  body: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.length;
    if (seen > size) break;
    yield chunk;
  }
  if (seen !== size) throw new AmphiError('bad_request', `The body has not the ${size} bytes said`);
}
