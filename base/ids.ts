const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A random id in lower-case Crockford base 32 (no i, l, o, u), five bits a
 * character, from the platform's cryptographic generator.
 */
export function randomId(characters: number): string {
  return idOfBytes(crypto.getRandomValues(new Uint8Array(characters)));
}

/** An id of the same letters, one for each byte. */
export function idOfBytes(bytes: Uint8Array): string {
  let id = '';
  for (const byte of bytes) id += ALPHABET[byte & 31];
  return id;
}
