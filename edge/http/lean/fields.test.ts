import { describe, expect, it } from 'vitest';
import { readFields } from './fields.ts';

const read = (text: string) => readFields(Buffer.from(text, 'latin1'));

function fieldsOf(text: string) {
  const fields = read(text);
  if (fields === 'foreign') throw new Error('not understood');
  return fields;
}

describe('readFields', () => {
  it('finds values by their names in lower case, without the blanks around them', () => {
    const fields = fieldsOf('Host: a\r\nUSER-agent: \t an agent\t \r\nX:\r\n');
    expect(fields.get('user-agent')).toBe('an agent');
    expect(fields.get('x')).toBe('');
    expect(fields.get('User-Agent')).toBeUndefined();
    expect(fields.get('absent')).toBeUndefined();
  });

  it.each([
    ['Host: a\r\n', { close: false, gzip: false, conditional: false }],
    ['Host: a\r\nConnection: Close\r\n', { close: true }],
    ['Host: a\r\nConnection: keep-alive\r\n', { close: false }],
    ['Host: a\r\nAccept-Encoding: br, gzip;q=0.5\r\n', { gzip: true }],
    ['Host: a\r\nAccept-Encoding: gzip;q=0\r\n', { gzip: false }],
    ['Host: a\r\nRange: bytes=0-1\r\n', { conditional: true }],
    ['Host: a\r\nIf-None-Match: *\r\n', { conditional: true }],
  ])('sees in %j what %j', (text, expected) => {
    expect(fieldsOf(text)).toMatchObject(expected);
  });

  it.each([
    ['no host', 'User-Agent: a\r\n'],
    ['no field at all', ''],
    ['two hosts', 'Host: a\r\nHost: b\r\n'],
    ['any field twice, whatever the case', 'Host: a\r\nCookie: a\r\ncookie: b\r\n'],
    ['content-length', 'Host: a\r\nContent-Length: 0\r\n'],
    ['content-length twice', 'Host: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n'],
    ['transfer-encoding', 'Host: a\r\nTransfer-Encoding: chunked\r\n'],
    ['both', 'Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['an upgrade', 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'],
    ['several connection options', 'Host: a\r\nConnection: keep-alive, x\r\n'],
    ['an expectation', 'Host: a\r\nExpect: 100-continue\r\n'],
    ['a folded line', 'Host: a\r\nX: b\r\n c\r\n'],
    ['a folded line with a tab', 'Host: a\r\nX: b\r\n\tc\r\n'],
    ['a blank before the colon', 'Host : a\r\n'],
    ['a blank before the name', ' Host: a\r\n'],
    ['no colon', 'Host: a\r\nX\r\n'],
    ['no name', 'Host: a\r\n: b\r\n'],
    ['a bare line feed', 'Host: a\r\nX: b\nContent-Length: 5\r\n'],
    ['a bare carriage return', 'Host: a\r\nX: b\rContent-Length: 5\r\n'],
    ['a NUL', 'Host: a\r\nX: b\0\r\n'],
    ['an octet above ASCII', 'Host: a\r\nX: \xe9\r\n'],
    ['no end of the last line', 'Host: a'],
  ])('leaves %s to others', (_, text) => {
    expect(read(text)).toBe('foreign');
  });

  it('takes 64 fields and no 65th', () => {
    const lines = (count: number) =>
      `Host: a\r\n${Array.from({ length: count - 1 }, (_, i) => `X${i}: b\r\n`).join('')}`;
    expect(read(lines(64))).not.toBe('foreign');
    expect(read(lines(65))).toBe('foreign');
  });
});
