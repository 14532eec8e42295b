import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { accessSync, constants } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { isIP, isIPv6 } from 'node:net';
import { delimiter, join } from 'node:path';
import { AmphiError, delay } from '#base';
import type { Config } from '#config';
import { bindingRequest, isBindingSuccess } from '#protocol';
import type { DataFolder } from '../data-folder.ts';
import { announcedAddresses, localAddresses, udpPortTrouble } from '../media/addresses.ts';
import { tcpPortTrouble } from '../ports.ts';
import { type ProcessSpec, program } from '../supervised.ts';
import { type TurnAddresses, turnserverConf, turnUrls } from './settings.ts';

const COMMAND = 'turnserver';
const POLL_MS = 50;
const READY_MS = 8_000;

/** Where coturn is, when it is installed. */
export function turnserverPath(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, COMMAND);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/** Why coturn could not have its ports, as `address:port, code`; undefined when it can. */
export async function turnPortTrouble(config: Config): Promise<string | undefined> {
  const { port, tlsPort } = config.turn;
  for (const address of localAddresses(config.host)) {
    for (const one of config.http.tlsCert === undefined ? [port] : [port, tlsPort]) {
      const trouble = (await tcpPortTrouble(address, one)) ?? (await udpPortTrouble(address, one));
      if (trouble !== undefined) return `${address}:${one}, ${trouble}`;
    }
  }
  return undefined;
}

export interface PrivateTurn {
  spec: ProcessSpec;
  urls: string[];
}

/**
 * A coturn of our own, beside the call server. Its secret reaches it by a file
 * that only this user may read. Throws `bad_config` where AMPHI_HOST is a name,
 * `unavailable` where a port of it is taken.
 */
export async function privateTurn(options: {
  config: Config;
  command: string;
  folder: DataFolder;
  secret: string;
  onOutput: (line: string) => void;
}): Promise<PrivateTurn> {
  const { config, command, folder, secret, onOutput } = options;
  const addresses: TurnAddresses = {
    local: localAddresses(config.host),
    announced: announcedAddresses(config),
  };
  if (!addresses.local.every((address) => isIP(address) > 0)) {
    throw new AmphiError('bad_config', 'TURN needs AMPHI_HOST to be an address, not a name');
  }
  const taken = await turnPortTrouble(config);
  if (taken !== undefined) {
    throw new AmphiError('unavailable', `its port cannot be had: ${taken}`);
  }
  const path = join(folder.sockets, 'turnserver.conf');
  // A file that is there keeps its mode: others might read it.
  await rm(path, { force: true });
  const conf = turnserverConf(config, addresses, { secret, folder: folder.sockets });
  await writeFile(path, conf, { mode: 0o600, flag: 'wx' });
  const [address = ''] = addresses.local;
  const spec = program({
    name: 'turn',
    command,
    args: ['-c', path],
    onOutput,
    ready: () => whenItAnswers(address, config.turn.port),
  });
  return { spec, urls: turnUrls(config, addresses) };
}

/** Asks for a binding until it gives one. */
async function whenItAnswers(address: string, port: number): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const transactionId = randomBytes(12);
  let answered = false;
  socket.on('message', (bytes) => {
    answered ||= isBindingSuccess(bytes, transactionId);
  });
  // Nobody is there yet.
  socket.on('error', () => {});
  try {
    while (!answered) {
      if (performance.now() > deadlineMs) throw new AmphiError('timeout', 'it does not answer');
      socket.send(bindingRequest(transactionId), port, address);
      await delay(POLL_MS);
    }
  } finally {
    socket.close();
  }
}
