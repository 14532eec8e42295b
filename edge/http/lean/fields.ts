import { acceptsGzip } from '../exchange.ts';

/** What a connection remembers of the header fields that it sends again and again. */
export interface Fields {
  get(name: string): string | undefined;
  /** The connection ends after the answer. */
  close: boolean;
  gzip: boolean;
  /** Asks for a part of the resource, or whether it has changed. */
  conditional: boolean;
}

/** Field names are tokens (RFC 9110 5.6.2); lower case is most of what there is. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Values hold no control characters but tabs (RFC 9110 5.5); octets above ASCII are left to others, too. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** Fields that say of the message what a media request never says. */
const FOREIGN = new Set([
  'transfer-encoding',
  'content-length',
  'trailer',
  'te',
  'expect',
  'upgrade',
  'http2-settings',
  'proxy-connection',
]);
const MAX_FIELDS = 64;

/**
 * Reads the lines between the request line and the blank line; each ends with
 * CR LF. `foreign` for everything that two parsers could read in two ways.
 */
export function readFields(bytes: Buffer): Fields | 'foreign' {
  const values = new Map<string, string>();
  const lines = bytes.toString('latin1').split('\r\n');
  // What follows the last line's end.
  if (lines.pop() !== '' || lines.length > MAX_FIELDS) return 'foreign';
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    if (!NAME.test(name) || !VALUE.test(value)) return 'foreign';
    if (FOREIGN.has(name) || values.has(name)) return 'foreign';
    values.set(name, value);
  }
  // Exactly one, as RFC 9112 3.2 demands; a second was refused above.
  if (!values.has('host')) return 'foreign';
  const connection = values.get('connection')?.toLowerCase();
  if (connection !== undefined && connection !== 'close' && connection !== 'keep-alive') {
    return 'foreign';
  }
  return {
    get: (name) => values.get(name),
    close: connection === 'close',
    gzip: acceptsGzip(values.get('accept-encoding')),
    conditional: values.has('range') || values.has('if-none-match'),
  };
}
