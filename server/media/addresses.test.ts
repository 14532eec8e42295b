import { describe, expect, it } from 'vitest';
import { announcedAddresses, isPrivateAddress } from './addresses.ts';

describe('announcedAddresses', () => {
  it.each([
    ['127.0.0.1', undefined, ['127.0.0.1']],
    ['localhost', undefined, ['127.0.0.1']],
    ['192.0.2.7', undefined, ['192.0.2.7']],
    ['0.0.0.0', '203.0.113.9', ['203.0.113.9']],
    ['0.0.0.0', '203.0.113.9, 2001:db8::1', ['203.0.113.9', '2001:db8::1']],
  ])('of %s and %s are %j', (host, ip, addresses) => {
    expect(announcedAddresses({ host, media: { ip } })).toEqual(addresses);
  });

  it('are never none, and none of them loopback where others are there', () => {
    const addresses = announcedAddresses({ host: '0.0.0.0', media: {} });
    expect(addresses.length).toBeGreaterThan(0);
    if (addresses.length > 1) expect(addresses).not.toContain('127.0.0.1');
  });
});

describe('isPrivateAddress', () => {
  it.each([
    ['10.1.2.3', true],
    ['172.16.0.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['100.64.0.1', true],
    ['203.0.113.9', false],
    ['fd00::1', true],
    ['2001:db8::1', false],
  ])('of %s is %s', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate);
  });
});
