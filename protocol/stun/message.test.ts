import { describe, expect, it } from 'vitest';
import { bindingRequest, isBindingSuccess, usernameOfBindingRequest } from './message.ts';

/** RFC 5769 2.1, the sample request: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, integrity, fingerprint. */
const SAMPLE = Buffer.from(
  [
    '00010058 2112a442 b7e7a701 bc34d686 fa87dfae',
    '80220010 5354554e 20746573 7420636c 69656e74',
    '00240004 6e0001ff',
    '80290008 932ff9b1 51263b36',
    '00060009 6576746a 3a683676 59202020',
    '00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2',
    '80280004 e57a3bcf',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(SAMPLE);
  change(bytes);
  return bytes;
};

describe('usernameOfBindingRequest', () => {
  it('reads the sample request of RFC 5769', () => {
    expect(usernameOfBindingRequest(SAMPLE)).toBe('evtj:h6vY');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['less than a header', SAMPLE.subarray(0, 19)],
    ['a request that is cut off', SAMPLE.subarray(0, SAMPLE.length - 4)],
    ['more than the length says', Buffer.concat([SAMPLE, Buffer.alloc(4)])],
    ['a response', changed((bytes) => bytes.writeUInt16BE(0x0101, 0))],
    ['another cookie', changed((bytes) => bytes.writeUInt32BE(1, 4))],
    ['an attribute that is longer than the message', changed((b) => b.writeUInt16BE(0xffff, 22))],
    ['a request without a user name', bindingRequest(Buffer.alloc(12))],
    ['a TLS greeting', Buffer.from('16030100010001000000000000000000000000000000', 'hex')],
  ])('finds none in %s', (_what, bytes) => {
    expect(usernameOfBindingRequest(bytes)).toBeUndefined();
  });

  it.each([
    [513, true],
    [514, false],
  ])('takes a name of %d bytes: %s', (length, taken) => {
    const name = 'x'.repeat(length);
    const padded = Math.ceil(length / 4) * 4;
    const bytes = Buffer.concat([bindingRequest(Buffer.alloc(12)), Buffer.alloc(4 + padded)]);
    bytes.writeUInt16BE(4 + padded, 2);
    bytes.writeUInt16BE(0x0006, 20);
    bytes.writeUInt16BE(length, 22);
    bytes.write(name, 24);
    expect(usernameOfBindingRequest(bytes)).toBe(taken ? name : undefined);
  });
});

describe('isBindingSuccess', () => {
  it('knows the answer to a request by its transaction id', () => {
    const id = Buffer.from('0102030405060708090a0b0c', 'hex');
    const answer = bindingRequest(id);
    expect(isBindingSuccess(answer, id)).toBe(false);
    answer.writeUInt16BE(0x0101, 0);
    expect(isBindingSuccess(answer, id)).toBe(true);
    expect(isBindingSuccess(answer, Buffer.alloc(12))).toBe(false);
  });
});
