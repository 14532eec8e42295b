import { systemCodeOf } from '#base';
import type { Config } from '#config';

/** What Node.js says of a listener that could not be opened. */
interface ListenError {
  code: string;
  syscall: string;
  address?: string;
  port?: number;
  hostname?: string;
}

interface PublicPort {
  protocol: string;
  variable: string;
  port: number;
}

/**
 * Why a public port cannot be listened on and what to do, in one line for
 * whoever starts Amphi; undefined when the error is of another kind. The
 * system's error may be the cause of the one given, at any depth.
 */
export function listenTrouble(error: unknown, config: Config): string | undefined {
  const found = systemError(error);
  if (found === undefined) return undefined;
  const { code, address = config.host, port } = found;
  if (found.syscall === 'getaddrinfo' && found.hostname === config.host) {
    return `the address ${config.host} is not known: correct AMPHI_HOST`;
  }
  if (code === 'EADDRNOTAVAIL' && address === config.host) {
    return `${address} is not an address of this machine: correct AMPHI_HOST`;
  }
  const wanted = publicPorts(config).filter((candidate) => candidate.port === port);
  const [first, second] = wanted;
  if (first === undefined) return undefined;
  const where = `${first.protocol} port ${first.port} on ${address}`;
  if (code === 'EADDRINUSE' && second !== undefined) {
    return `${first.variable} and ${second.variable} are both ${first.port}: set one of them to another port`;
  }
  if (code === 'EADDRINUSE') {
    return `${where} is taken by another program: stop that, or set ${first.variable} to another port; "npx amphi doctor" looks at all of them`;
  }
  if (code === 'EACCES') {
    return `${where} needs privileges: set ${first.variable} to a port above 1023, or put a proxy in front; "npx amphi doctor" looks at all ports`;
  }
  return undefined;
}

function publicPorts({ http, rtmp }: Config): PublicPort[] {
  const ports = [
    { protocol: 'HTTP', variable: 'AMPHI_HTTP_PORT', port: http.port },
    { protocol: 'RTMP', variable: 'AMPHI_RTMP_PORT', port: rtmp.port },
  ];
  if (http.tlsCert === undefined) return ports;
  return [...ports, { protocol: 'RTMPS', variable: 'AMPHI_RTMPS_PORT', port: rtmp.tlsPort }];
}

function systemError(error: unknown): ListenError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (systemCodeOf(at) !== undefined && 'syscall' in at) return at as unknown as ListenError;
  }
  return undefined;
}
