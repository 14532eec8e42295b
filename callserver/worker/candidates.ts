import { isIPv6 } from 'node:net';
import type { LocalTransport } from '../parameters.ts';

/** RFC 8445 5.1.2: type preference of a host candidate, component 1. */
const HOST_PREFERENCE = 126;
const COMPONENT = 1;

/** One host candidate an address, the first of them preferred. */
export const hostCandidates = (
  addresses: readonly string[],
  port: number,
): LocalTransport['candidates'] =>
  addresses.map((address, i) => ({
    foundation: `host${isIPv6(address) ? 6 : 4}${i}`,
    component: COMPONENT,
    transport: 'udp',
    priority: HOST_PREFERENCE * 2 ** 24 + (0xffff - i) * 2 ** 8 + (256 - COMPONENT),
    address,
    port,
    type: 'host',
  }));
