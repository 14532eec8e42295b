import { isIPv6 } from 'node:net';
import type { LocalTransport } from '../parameters.ts';

/** RFC 8445 5.1.2: type preference of a host candidate, component 1. */
const UDP_PREFERENCE = 126;
/** What browsers give their own TCP candidates: below everything that UDP can do but a relay. */
const TCP_PREFERENCE = 90;
/** RFC 6544 4.2: the direction preference of a passive host candidate stands in the upper three bits. */
const PASSIVE = 4 * 2 ** 13;
const MAX_OTHER = 2 ** 13 - 1;
const COMPONENT = 1;

const priorityOf = (type: number, local: number): number =>
  type * 2 ** 24 + local * 2 ** 8 + (256 - COMPONENT);

/**
 * Host candidates at these addresses, the first of them preferred: one by UDP
 * each, and where `tcp` is set one to connect to as well.
 */
export const hostCandidates = (
  addresses: readonly string[],
  port: number,
  tcp: boolean,
): LocalTransport['candidates'] => [
  ...addresses.map((address, i) => ({
    foundation: foundationOf('host', address, i),
    component: COMPONENT,
    transport: 'udp',
    priority: priorityOf(UDP_PREFERENCE, 0xffff - i),
    address,
    port,
    type: 'host' as const,
  })),
  ...(tcp ? addresses : []).map((address, i) => ({
    foundation: foundationOf('tcp', address, i),
    component: COMPONENT,
    transport: 'tcp',
    priority: priorityOf(TCP_PREFERENCE, PASSIVE + MAX_OTHER - i),
    address,
    port,
    type: 'host' as const,
    tcpType: 'passive' as const,
  })),
];

const foundationOf = (kind: string, address: string, i: number): string =>
  `${kind}${isIPv6(address) ? 6 : 4}${i}`;
