import { isIPv6 } from 'node:net';

/** Bits of an IPv6 address that one household or host is given: whoever has one has all of them. */
const SITE_GROUPS = 4;

/**
 * Whom an address stands for when connections are counted: an IPv4 address
 * itself, also when it comes mapped into IPv6; of an IPv6 address its /64.
 */
export function addressGroup(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...new Array<string>(Math.max(0, zeros)).fill('0'), ...right];
  const site = groups.slice(0, SITE_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${site.join(':')}::/64`;
}
