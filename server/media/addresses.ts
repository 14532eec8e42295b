import { createSocket } from 'node:dgram';
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { messageOf } from '#base';
import type { Config } from '#config';
import { isUnspecified } from '../local-address.ts';

const MAX_ADDRESSES = 16;
const LOOPBACK = '127.0.0.1';
const IPV6_LINK_LOCAL = /^fe[89ab]/i;

/**
 * The addresses that are told to WebRTC peers, best first: the configured ones,
 * else the one that is bound, else all of this machine that others may reach.
 */
export function announcedAddresses({ host, media }: Reach): string[] {
  if (media.ip !== undefined) return media.ip.split(',').map((address) => address.trim());
  return localAddresses(host);
}

interface Reach {
  host: string;
  media: Pick<Config['media'], 'ip'>;
}

/** The addresses of this machine at which what is bound to this host is reached: all but loopback where it stands for all. */
export function localAddresses(host: string): string[] {
  if (!isUnspecified(host)) return [host === 'localhost' ? LOOPBACK : host];
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !IPV6_LINK_LOCAL.test(address))
    .map(({ address }) => address)
    .filter((address) => host === '::' || !isIPv6(address));
  return outside.length > 0 ? outside.slice(0, MAX_ADDRESSES) : [LOOPBACK];
}

/** A free UDP port: it is free now; nobody holds it until it is bound. */
export const freeUdpPort = (host: string): Promise<number> => bindOnce(host, 0);

/** Why a UDP port cannot be bound; undefined when it can. */
export const udpPortTrouble = (host: string, port: number): Promise<string | undefined> =>
  bindOnce(host, port).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? messageOf(error),
  );

/** Binds a UDP port and lets it go. Resolves with its number. */
async function bindOnce(address: string, port: number): Promise<number> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    return await new Promise<number>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, () => resolve(socket.address().port));
    });
  } finally {
    socket.close();
  }
}

/** Ranges that do not reach beyond one network: RFC 1918, RFC 6598, loopback, RFC 4193. */
export const isPrivateAddress = (address: string): boolean =>
  PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

const PRIVATE = new BlockList();
PRIVATE.addSubnet('10.0.0.0', 8);
PRIVATE.addSubnet('172.16.0.0', 12);
PRIVATE.addSubnet('192.168.0.0', 16);
PRIVATE.addSubnet('100.64.0.0', 10);
PRIVATE.addSubnet('127.0.0.0', 8);
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addAddress('::1', 'ipv6');
