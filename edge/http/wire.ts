import { STATUS_CODES } from 'node:http';
import { TIME_HEADER } from '#contracts';
import type { OutHeaders } from './exchange.ts';

/** HTTP/1.1 heads as bytes (RFC 9112). */

/** Room for the age in seconds; leading zeros are allowed (RFC 9111 5.1). */
const AGE_DIGITS = 8;
const AGE_FIELD = 'age: ';
const TIME_FIELD = `${TIME_HEADER}: `;
/** Milliseconds since the epoch, until the year 2286. */
const TIME_DIGITS = 13;

export function headText(status: number, headers: OutHeaders): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

let dateText = '';
let dateSecond = 0;

/** The Date field's value, made once a second. */
export function dateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/**
 * An answer as it goes over the wire, head and body in one buffer, so that a
 * hit in the cache is one write. Its age and the time are written into it in place.
 */
export class Wire {
  readonly bytes: Buffer;
  readonly bodyAt: number;
  readonly #ageAt: number;
  readonly #timeAt: number;
  /** Monotonic time at which the answer was new. */
  readonly sinceMs: number;
  #age = 0;
  #timeMs = 0;

  constructor(headers: OutHeaders, body: readonly Uint8Array[], size: number, sinceMs: number) {
    const head = headText(200, {
      ...headers,
      'content-length': size,
      date: dateNow(),
      age: '0'.padStart(AGE_DIGITS, '0'),
      [TIME_HEADER]: '0'.padStart(TIME_DIGITS, '0'),
    });
    this.bytes = Buffer.allocUnsafeSlow(head.length + size);
    this.bytes.write(head, 0, 'latin1');
    this.bodyAt = head.length;
    this.#ageAt = head.lastIndexOf(`\n${AGE_FIELD}`) + 1 + AGE_FIELD.length;
    this.#timeAt = head.lastIndexOf(`\n${TIME_FIELD}`) + 1 + TIME_FIELD.length;
    this.sinceMs = sinceMs;
    let at = this.bodyAt;
    for (const piece of body) {
      this.bytes.set(piece, at);
      at += piece.length;
    }
  }

  get bodySize(): number {
    return this.bytes.length - this.bodyAt;
  }

  get body(): Buffer {
    return this.bytes.subarray(this.bodyAt);
  }

  ageSeconds(nowMs: number): number {
    return Math.max(0, Math.floor((nowMs - this.sinceMs) / 1000));
  }

  /** The bytes with the age and the time as they are now. */
  at(nowMs: number): Buffer {
    const age = this.ageSeconds(nowMs);
    if (age !== this.#age) {
      this.#age = age;
      this.bytes.write(String(age).padStart(AGE_DIGITS, '0'), this.#ageAt, 'latin1');
    }
    const timeMs = Date.now();
    if (timeMs !== this.#timeMs) {
      this.#timeMs = timeMs;
      this.bytes.write(String(timeMs), this.#timeAt, 'latin1');
    }
    return this.bytes;
  }
}
