import type { IceCandidate } from './types.ts';

const TYPES: readonly string[] = ['host', 'srflx', 'prflx', 'relay'];
const TCP_TYPES: readonly string[] = ['active', 'passive', 'so'];

/** Parses the value of an `a=candidate` line (RFC 8839 5.1, RFC 6544 4.5). Undefined when it is not of a known form. */
export function parseCandidate(value: string): IceCandidate | undefined {
  const [foundation, component, transport, priority, address, port, typ, type, ...rest] = value
    .trim()
    .split(/ +/);
  if (foundation === undefined || transport === undefined || address === undefined)
    return undefined;
  if (typ !== 'typ' || type === undefined || !TYPES.includes(type)) return undefined;
  const numbers = [component, priority, port].map((text) =>
    /^\d{1,10}$/.test(text ?? '') ? Number(text) : -1,
  );
  const [componentId = -1, rank = -1, portNumber = -1] = numbers;
  if (componentId < 0 || rank < 0 || portNumber < 0 || portNumber > 0xffff) return undefined;
  const candidate: IceCandidate = {
    foundation,
    component: componentId,
    transport: transport.toLowerCase(),
    priority: rank,
    address,
    port: portNumber,
    type: type as IceCandidate['type'],
  };
  const tcpType = rest[rest.indexOf('tcptype') + 1];
  if (rest.includes('tcptype') && tcpType !== undefined && TCP_TYPES.includes(tcpType)) {
    candidate.tcpType = tcpType as NonNullable<IceCandidate['tcpType']>;
  }
  return candidate;
}

export function writeCandidate(candidate: IceCandidate): string {
  const { foundation, component, transport, priority, address, port, type, tcpType } = candidate;
  const tcp = tcpType === undefined ? '' : ` tcptype ${tcpType}`;
  return `${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}${tcp}`;
}
