import { readFileSync } from 'node:fs';

/** Datagrams that reached this network namespace's sockets so far, or their full buffers: sent to us either way. */
export function arrivedDatagrams(): number {
  const lines = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  const [names = '', values = ''] = lines.filter((line) => line.startsWith('Udp:'));
  const at = (name: string) => Number(values.split(' ')[names.split(' ').indexOf(name)]);
  return at('InDatagrams') + at('RcvbufErrors');
}
