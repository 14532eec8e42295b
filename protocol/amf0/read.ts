import { ByteReader } from '../bytes.ts';

/** AMF0 (Action Message Format, 2007): reading, bounded in depth, count and length. */
export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Amf0Value[]
  | { [key: string]: Amf0Value };

const MAX_DEPTH = 8;
const MAX_VALUES = 4_096;
const MAX_STRING_BYTES = 65_535;

const NUMBER = 0x00;
const BOOLEAN = 0x01;
const STRING = 0x02;
const OBJECT = 0x03;
const NULL = 0x05;
const UNDEFINED = 0x06;
const REFERENCE = 0x07;
const ECMA_ARRAY = 0x08;
const OBJECT_END = 0x09;
const STRICT_ARRAY = 0x0a;
const DATE = 0x0b;
const LONG_STRING = 0x0c;
const UNSUPPORTED = 0x0d;
const XML_DOCUMENT = 0x0f;
const TYPED_OBJECT = 0x10;

const text = new TextDecoder('utf-8', { fatal: false });

/** Reads values until the bytes end. Throws `RangeError` when they are malformed or over a bound. */
export function readAmf0(bytes: Uint8Array): Amf0Value[] {
  const reader = new ByteReader(bytes);
  const budget = { values: MAX_VALUES };
  const values: Amf0Value[] = [];
  while (reader.remaining > 0) values.push(readValue(reader, 0, budget));
  return values;
}

function readValue(r: ByteReader, depth: number, budget: { values: number }): Amf0Value {
  if (depth > MAX_DEPTH) throw new RangeError('AMF0 nested too deeply');
  if (--budget.values < 0) throw new RangeError('AMF0 with too many values');
  const type = r.u8();
  switch (type) {
    case NUMBER:
      return r.f64();
    case BOOLEAN:
      return r.u8() !== 0;
    case STRING:
      return readString(r, r.u16());
    case LONG_STRING:
    case XML_DOCUMENT:
      return readString(r, r.u32());
    case NULL:
      return null;
    case UNDEFINED:
    case UNSUPPORTED:
      return undefined;
    case REFERENCE:
      // To an object that came before; nobody here looks it up.
      r.skip(2);
      return undefined;
    case OBJECT:
      return readProperties(r, depth, budget);
    case TYPED_OBJECT:
      readString(r, r.u16());
      return readProperties(r, depth, budget);
    case ECMA_ARRAY:
      r.skip(4);
      return readProperties(r, depth, budget);
    case STRICT_ARRAY: {
      const count = r.u32();
      const items: Amf0Value[] = [];
      for (let i = 0; i < count; i++) items.push(readValue(r, depth + 1, budget));
      return items;
    }
    case DATE: {
      const at = r.f64();
      r.skip(2);
      return at;
    }
    default:
      throw new RangeError(`AMF0 type ${type}`);
  }
}

function readProperties(r: ByteReader, depth: number, budget: { values: number }) {
  // Without a prototype: a property may have any name.
  const object: { [key: string]: Amf0Value } = Object.create(null);
  for (;;) {
    const name = readString(r, r.u16());
    if (name === '' && r.remaining > 0 && r.bytes[r.offset] === OBJECT_END) {
      r.skip(1);
      return object;
    }
    object[name] = readValue(r, depth + 1, budget);
  }
}

function readString(r: ByteReader, length: number): string {
  if (length > MAX_STRING_BYTES) throw new RangeError(`AMF0 string of ${length} bytes`);
  return text.decode(r.slice(length));
}
