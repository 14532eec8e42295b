import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { usernameOfBindingRequest } from '#protocol';

/** RFC 8489 14, RFC 8445 16.1. */
const HEADER = 20;
const ATTRIBUTE_HEADER = 4;
const [MESSAGE_INTEGRITY, FINGERPRINT] = [0x0008, 0x8028];
const [ICE_CONTROLLED, ICE_CONTROLLING] = [0x8029, 0x802a];
const [INTEGRITY_SIZE, FINGERPRINT_SIZE] = [20, 4];
const FINGERPRINT_MASK = 0x5354554e;

/**
 * Chromium gives a tie-breaker of zero by TURN over TCP or TLS. RFC 8445 16.1
 * allows that; the native side takes it for none, and refuses the request. Such
 * a request comes back with a tie-breaker of one, signed anew; everything else
 * as it is, also what is not rightly signed with the password of the peer whose
 * fragment on our side it names.
 */
export function withTieBreaker(
  packet: Buffer,
  passwordOf: (usernameFragment: string) => string | undefined,
): Buffer {
  // A binding request and nothing else begins with these.
  if (packet[0] !== 0 || packet[1] !== 1) return packet;
  const [usernameFragment = ''] = usernameOfBindingRequest(packet)?.split(':') ?? [];
  const found = attributesOf(packet);
  const tie = found.get(ICE_CONTROLLING) ?? found.get(ICE_CONTROLLED);
  const integrity = found.get(MESSAGE_INTEGRITY);
  if (tie === undefined || integrity === undefined || tie > integrity) return packet;
  if (integrity + INTEGRITY_SIZE > packet.length || packet.readBigUInt64BE(tie) !== 0n) {
    return packet;
  }
  const password = passwordOf(usernameFragment);
  if (password === undefined) return packet;
  const given = packet.subarray(integrity, integrity + INTEGRITY_SIZE);
  if (!timingSafeEqual(given, signatureOf(packet, integrity, password))) return packet;
  const mended = Buffer.from(packet);
  mended.writeBigUInt64BE(1n, tie);
  signatureOf(mended, integrity, password).copy(mended, integrity);
  const fingerprint = found.get(FINGERPRINT);
  if (fingerprint !== undefined && fingerprint + FINGERPRINT_SIZE <= mended.length) {
    const sum = crc32(mended.subarray(0, fingerprint - ATTRIBUTE_HEADER));
    mended.writeUInt32BE((sum ^ FINGERPRINT_MASK) >>> 0, fingerprint);
  }
  return mended;
}

/** Where the value of each attribute begins. The message is whole. */
function attributesOf(packet: Buffer): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = HEADER; at + ATTRIBUTE_HEADER <= packet.length; ) {
    found.set(packet.readUInt16BE(at), at + ATTRIBUTE_HEADER);
    at += ATTRIBUTE_HEADER + Math.ceil(packet.readUInt16BE(at + 2) / 4) * 4;
  }
  return found;
}

/** RFC 8489 14.5: of what stands before it, with a length that counts up to its end. */
function signatureOf(packet: Buffer, integrity: number, password: string): Buffer {
  const signed = Buffer.from(packet.subarray(0, integrity - ATTRIBUTE_HEADER));
  signed.writeUInt16BE(integrity + INTEGRITY_SIZE - HEADER, 2);
  return createHmac('sha1', password).update(signed).digest();
}
