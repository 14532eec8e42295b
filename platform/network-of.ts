import { isIPv6 } from 'node:net';

/**
 * Who counts as one where attempts are counted by address: an IPv4 address, or
 * the /64 of an IPv6 address, all of which one subscriber has (RFC 6177).
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [front = [], back = []] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  // An IPv4 address at the end stands for two groups.
  const written = front.length + back.length + (address.includes('.') ? 1 : 0);
  const whole = [...front, ...Array<string>(8 - written).fill('0'), ...back];
  const groups = whole.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
