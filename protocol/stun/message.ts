/** RFC 8489 5: type, length, cookie, transaction id. */
const HEADER = 20;
const COOKIE = 0x2112a442;
const TRANSACTION_ID_AT = 8;
const ATTRIBUTE_HEADER = 4;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const USERNAME = 0x0006;
/** RFC 8489 14.3. */
const MAX_USERNAME = 513;

/** True of bytes that are one whole STUN message of this type. */
function isMessage(bytes: Buffer, type: number): boolean {
  return (
    bytes.length >= HEADER &&
    bytes.readUInt16BE(0) === type &&
    bytes.readUInt16BE(2) === bytes.length - HEADER &&
    bytes.length % 4 === 0 &&
    bytes.readUInt32BE(4) === COOKIE
  );
}

/**
 * The USERNAME of a STUN binding request, which in ICE is the receiver's
 * username fragment, a colon, and the sender's (RFC 8445 7.2.2). Undefined for
 * bytes that are no binding request, or one without a user name. Nothing is
 * said about its integrity.
 */
export function usernameOfBindingRequest(bytes: Buffer): string | undefined {
  if (!isMessage(bytes, BINDING_REQUEST)) return undefined;
  for (let at = HEADER; at + ATTRIBUTE_HEADER <= bytes.length; ) {
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    const value = at + ATTRIBUTE_HEADER;
    if (value + length > bytes.length) return undefined;
    if (type === USERNAME) {
      return length > MAX_USERNAME ? undefined : bytes.toString('utf8', value, value + length);
    }
    // Padded to four bytes.
    at = value + length + ((4 - (length % 4)) % 4);
  }
  return undefined;
}

/** A binding request without attributes, as one asks a STUN server; `transactionId` has 12 bytes. */
export function bindingRequest(transactionId: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.writeUInt16BE(BINDING_REQUEST, 0);
  bytes.writeUInt32BE(COOKIE, 4);
  bytes.set(transactionId, TRANSACTION_ID_AT);
  return bytes;
}

/** True of the success response to the binding request with this transaction id. */
export const isBindingSuccess = (bytes: Buffer, transactionId: Uint8Array): boolean =>
  isMessage(bytes, BINDING_SUCCESS) &&
  bytes.subarray(TRANSACTION_ID_AT, HEADER).equals(transactionId);
