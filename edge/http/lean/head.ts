/**
 * The head of a media request (RFC 9112), read strictly and only in its plain
 * form. Whatever is not plainly that is `foreign` and left to Node's parser.
 */

export const MAX_HEAD_BYTES = 16 * 1024;

const METHODS = [
  { method: 'GET', start: Buffer.from('GET /hls/') },
  { method: 'HEAD', start: Buffer.from('HEAD /hls/') },
] as const;
const END = Buffer.from('\r\n\r\n');
const VERSION = Buffer.from(' HTTP/1.1\r\n');
const CR = 13;
const LF = 10;

/** Octets of a request target that need no thought. */
const TARGET = tableOf(
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:@/?{}",
);

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

export interface LeanHead {
  method: 'GET' | 'HEAD';
  url: string;
  /** Where the header fields begin, and where their last line ends with its line feed. */
  fieldsAt: number;
  fieldsEnd: number;
  /** Where the next request begins. */
  end: number;
}

/** Reads the request that these bytes begin with. */
export function readHead(bytes: Buffer): LeanHead | 'incomplete' | 'foreign' {
  const kind = METHODS.find(({ start }) => beginsLike(bytes, start));
  if (kind === undefined) return 'foreign';
  const blank = bytes.indexOf(END);
  if (blank < 0) {
    // A line feed alone would never be followed by the end that is looked for here.
    return bytes.length > MAX_HEAD_BYTES || hasBareLineFeed(bytes) ? 'foreign' : 'incomplete';
  }
  if (blank > MAX_HEAD_BYTES) return 'foreign';
  const urlAt = kind.method.length + 1;
  let at = urlAt;
  while (TARGET[bytes[at] ?? 0] === 1) at++;
  const fieldsAt = at + VERSION.length;
  // A request line without a version ends before there is anything to compare.
  if (fieldsAt > bytes.length) return 'foreign';
  if (bytes.compare(VERSION, 0, VERSION.length, at, fieldsAt) !== 0) return 'foreign';
  return {
    method: kind.method,
    url: bytes.toString('latin1', urlAt, at),
    fieldsAt,
    fieldsEnd: blank + 2,
    end: blank + END.length,
  };
}

/** True as far as there are bytes to compare. */
function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return true;
  }
  return false;
}
