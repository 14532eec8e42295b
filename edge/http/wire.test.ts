import { describe, expect, it } from 'vitest';
import { TIME_HEADER } from '#contracts';
import { Wire } from './wire.ts';

describe('Wire', () => {
  const wire = new Wire({ etag: '"a"' }, [Buffer.from('ab'), Buffer.from('c')], 3, 1_000);

  it('is head and body in one', () => {
    const [head = '', body] = wire.bytes.toString().split('\r\n\r\n');
    const lines = head.split('\r\n');
    expect(lines[0]).toBe('HTTP/1.1 200 OK');
    expect(lines).toContain('etag: "a"');
    expect(lines).toContain('content-length: 3');
    expect(body).toBe('abc');
    expect(wire.body.toString()).toBe('abc');
    expect(wire.bodySize).toBe(3);
  });

  it('tells its age and the time anew, and changes nothing else', () => {
    const ageOf = () => wire.bytes.toString().match(/\r\nage: (\d+)\r\n/)?.[1];
    const length = wire.bytes.length;
    wire.at(1_999);
    expect(Number(ageOf())).toBe(0);
    wire.at(123_456);
    expect(Number(ageOf())).toBe(122);
    wire.at(3_000);
    expect(Number(ageOf())).toBe(2);
    // A clock that is set back is no negative age.
    wire.at(0);
    expect(Number(ageOf())).toBe(0);
    const before = Date.now();
    const text = wire.at(5_000).toString();
    const time = Number(text.match(new RegExp(`\r\n${TIME_HEADER}: (\\d+)\r\n`))?.[1]);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(wire.bytes.length).toBe(length);
    expect(text.endsWith('\r\n\r\nabc')).toBe(true);
  });
});
