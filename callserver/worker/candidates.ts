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

/** A host candidate for what nothing else reaches is checked last. */
const LAST = 0xff;

const priorityOf = (type: number, local: number): number =>
  type * 2 ** 24 + local * 2 ** 8 + (256 - COMPONENT);

/**
 * Host candidates at these addresses, the first of them preferred: one by UDP
 * each, where `tcp` is set one to connect to, and where there is a port for TURN
 * servers one there, which they reach and nobody else needs to.
 */
export const hostCandidates = (
  addresses: readonly string[],
  port: number,
  { tcp = false, relayPort }: { tcp?: boolean; relayPort?: number | undefined } = {},
): LocalTransport['candidates'] => [
  ...addresses.map((address, i) => udp('host', UDP_PREFERENCE, 0xffff - i, address, port, i)),
  ...(tcp ? addresses : []).map((address, i) => ({
    ...udp('tcp', TCP_PREFERENCE, PASSIVE + MAX_OTHER - i, address, port, i),
    transport: 'tcp',
    tcpType: 'passive' as const,
  })),
  ...(relayPort === undefined ? [] : addresses).map((address, i) =>
    udp('turn', TCP_PREFERENCE, LAST - i, address, relayPort ?? 0, i),
  ),
];

const udp = (
  kind: string,
  type: number,
  local: number,
  address: string,
  port: number,
  i: number,
): LocalTransport['candidates'][number] => ({
  foundation: `${kind}${isIPv6(address) ? 6 : 4}${i}`,
  component: COMPONENT,
  transport: 'udp',
  priority: priorityOf(type, local),
  address,
  port,
  type: 'host',
});
