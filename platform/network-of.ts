import { isIPv6 } from 'node:net';

/** What an IPv4 address stands behind: mapped (RFC 4291, 2.5.5.2), or by NAT64 (RFC 6052, 2.1). */
const IPV4_BEHIND: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0xffff],
  [0x64, 0xff9b, 0, 0, 0, 0],
];
const GROUPS = 8;

/**
 * Who counts as one where attempts are counted by address: an IPv4 address, also
 * one that is written in an IPv6 address, or the /64 of an IPv6 address, all of
 * which one subscriber has (RFC 6177).
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return '';
  const bare = address.replace(/%.*$/, '');
  if (!isIPv6(bare)) return address;
  const groups = groupsOf(bare);
  if (IPV4_BEHIND.some((prefix) => prefix.every((group, i) => groups[i] === group))) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(address: string): number[] {
  const [front = [], back = []] = address
    .split('::')
    .map((part) => part.split(':').flatMap(groupsIn));
  return [...front, ...Array<number>(GROUPS - front.length - back.length).fill(0), ...back];
}

/** An IPv4 address at the end stands for two groups. */
function groupsIn(text: string): number[] {
  if (text === '') return [];
  if (!text.includes('.')) return [Number.parseInt(text, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}
