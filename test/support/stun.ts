import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** RFC 8489 5 and 14. */
const BINDING_REQUEST = 0x0001;
const MAGIC_COOKIE = 0x2112a442;
const HEADER = 20;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const PRIORITY = 0x0024;
const USE_CANDIDATE = 0x0025;
const ICE_CONTROLLING = 0x802a;
const FINGERPRINT = 0x8028;
const FINGERPRINT_MASK = 0x5354554e;

/** Of a binding response. */
export const isStunSuccess = (bytes: Uint8Array): boolean => bytes[0] === 1 && bytes[1] === 1;

/** A binding request to this username fragment of the receiver's, unsigned. */
export function stunGreeting(usernameFragment: string): Buffer {
  const name = Buffer.from(`${usernameFragment}:them`.padEnd(12));
  const body = attribute(USERNAME, name);
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(BINDING_REQUEST, 0);
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(MAGIC_COOKIE, 4);
  return Buffer.concat([head, body]);
}

/** A connectivity check (RFC 8445 7.2) as a browser sends it, signed with the other side's password. */
export function connectivityCheck(check: {
  localFragment: string;
  remoteFragment: string;
  remotePassword: string;
}): Buffer {
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(BINDING_REQUEST, 0);
  head.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(12).copy(head, 8);
  const attributes = [
    attribute(USERNAME, Buffer.from(`${check.remoteFragment}:${check.localFragment}`)),
    attribute(PRIORITY, Buffer.from([0x6e, 0x7f, 0xff, 0xff])),
    attribute(USE_CANDIDATE, Buffer.alloc(0)),
    attribute(ICE_CONTROLLING, randomBytes(8)),
  ];
  const signed = Buffer.concat([head, ...attributes]);
  signed.writeUInt16BE(signed.length - HEADER + 24, 2);
  const hmac = createHmac('sha1', check.remotePassword).update(signed).digest();
  const whole = Buffer.concat([signed, attribute(MESSAGE_INTEGRITY, hmac)]);
  whole.writeUInt16BE(whole.length - HEADER + 8, 2);
  const print = Buffer.alloc(4);
  print.writeUInt32BE((crc32(whole) ^ FINGERPRINT_MASK) >>> 0);
  return Buffer.concat([whole, attribute(FINGERPRINT, print)]);
}

/** An attribute (RFC 8489 14), padded to four bytes. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}
