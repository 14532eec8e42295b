/** Writing AMF0: the other side of `readAmf0`, for clients that the tests play. */

export type Amf0Input =
  | number
  | boolean
  | string
  | null
  | undefined
  | readonly Amf0Input[]
  | { readonly [key: string]: Amf0Input };

export function amf0(...values: readonly Amf0Input[]): Buffer {
  return Buffer.concat(values.map(encode));
}

function encode(value: Amf0Input): Buffer {
  if (value === null) return Buffer.of(5);
  if (value === undefined) return Buffer.of(6);
  if (typeof value === 'boolean') return Buffer.of(1, value ? 1 : 0);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), text(value)]);
  if (Array.isArray(value)) {
    const head = Buffer.alloc(5);
    head[0] = 0x0a;
    head.writeUInt32BE(value.length, 1);
    return Buffer.concat([head, ...value.map(encode)]);
  }
  const properties = Object.entries(value).flatMap(([name, v]) => [text(name), encode(v)]);
  return Buffer.concat([Buffer.of(3), ...properties, Buffer.of(0, 0, 9)]);
}

/** A string without its type marker, with its length in front. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
