import { BlockList, isIPv6 } from 'node:net';
import type { Config } from '#config';

/** Ports that coturn relays from; each allocation takes one. */
const RELAY_PORTS = 1_000;
/** Of one handed-out credential: a page has a few connections, each with an allocation for every way to the server. */
const USER_QUOTA = 64;
/** Bytes a second of one allocation, each way: room for the best rendition. */
const MAX_BYTES_PER_SECOND = 1_250_000;
const NONCE_SECONDS = 600;
const ALLOCATION_SECONDS = 600;

export interface TurnAddresses {
  /** Of this machine: coturn listens on these and relays from them. */
  local: readonly string[];
  /** What WebRTC peers are told; those that are not of this machine reach it through an address translation. */
  announced: readonly string[];
}

type TurnConfig = Pick<Config, 'http' | 'publicUrl' | 'turn'>;

/** The name in the certificate, where TURN over TLS is offered. */
const tlsName = ({ http, publicUrl }: TurnConfig): string | undefined =>
  http.tlsCert === undefined || publicUrl === undefined ? undefined : new URL(publicUrl).hostname;

/** Where clients find the coturn of this machine: by UDP, by TCP, and by TLS for networks that let nothing else through. */
export function turnUrls(config: TurnConfig, { announced }: TurnAddresses): string[] {
  const { port, tlsPort } = config.turn;
  const hosts = [
    announced.find((address) => !isIPv6(address)),
    announced.find((address) => isIPv6(address)),
  ].flatMap((address) => (address === undefined ? [] : [bracketed(address)]));
  const name = tlsName(config);
  return [
    ...hosts.map((host) => `turn:${host}:${port}?transport=udp`),
    ...hosts.map((host) => `turn:${host}:${port}?transport=tcp`),
    ...(name === undefined ? [] : [`turns:${name}:${tlsPort}?transport=tcp`]),
  ];
}

/**
 * The configuration file of coturn. It relays to the call server of this
 * machine and to nothing else, so that nobody reaches other networks through
 * it, inner or outer ones; two clients meet at their relayed addresses, which
 * are of this machine too.
 */
export function turnserverConf(
  config: TurnConfig,
  addresses: TurnAddresses,
  { secret, folder }: { secret: string; folder: string },
): string {
  const { local, announced } = addresses;
  const { port, tlsPort, relayPort, maxAllocations } = config.turn;
  const tls = tlsName(config) !== undefined;
  const lines = [
    ...local.map((address) => `listening-ip=${address}`),
    ...local.map((address) => `relay-ip=${address}`),
    ...announced.flatMap((address) => externalOf(address, local)),
    `listening-port=${port}`,
    ...(tls
      ? [
          `tls-listening-port=${tlsPort}`,
          `cert=${config.http.tlsCert}`,
          `pkey=${config.http.tlsKey}`,
        ]
      : ['no-tls']),
    'no-tlsv1',
    'no-tlsv1_1',
    'no-dtls',
    `min-port=${relayPort}`,
    `max-port=${relayPort + RELAY_PORTS - 1}`,
    'fingerprint',
    'use-auth-secret',
    `static-auth-secret=${secret}`,
    'realm=amphi',
    `stale-nonce=${NONCE_SECONDS}`,
    `max-allocate-lifetime=${ALLOCATION_SECONDS}`,
    `user-quota=${USER_QUOTA}`,
    `total-quota=${maxAllocations}`,
    `max-bps=${MAX_BYTES_PER_SECOND}`,
    'no-tcp-relay',
    'no-multicast-peers',
    'denied-peer-ip=0.0.0.0-255.255.255.255',
    'denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ...[...new Set([...local, ...announced])].map((address) => `allowed-peer-ip=${address}`),
    ...(local.some(isLoopback) ? ['allow-loopback-peers'] : []),
    'no-cli',
    'no-rfc5780',
    'no-stun-backward-compatibility',
    'response-origin-only-with-rfc5780',
    'no-software-attribute',
    `userdb=${folder}/turndb`,
    `pidfile=${folder}/turnserver.pid`,
    'log-file=stdout',
    'simple-log',
  ];
  return `${lines.join('\n')}\n`;
}

/** An announced address that an address translation in front holds for one of ours. */
function externalOf(address: string, local: readonly string[]): string[] {
  if (local.includes(address)) return [];
  const ours = local.find((one) => isIPv6(one) === isIPv6(address));
  return ours === undefined ? [] : [`external-ip=${address}/${ours}`];
}

const isLoopback = (address: string): boolean =>
  LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

const bracketed = (address: string): string => (isIPv6(address) ? `[${address}]` : address);
