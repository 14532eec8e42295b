import type { Command } from 'commander';
import type { Config } from '#config';
import { banner, ensureFirstEvent } from '../banner.ts';
import { ensureFirstRoom } from '../first-room.ts';
import { openLogStream } from '../log-stream.ts';
import { Supervisor } from '../supervisor.ts';
import { VERSION } from '../version.ts';
import { ApiClient } from './client.ts';

/** `amphi start`: everything that this machine is to do, until it is told to stop. */
export function addStartCommand(program: Command, load: () => Config): void {
  program
    .command('start')
    .description('start everything that this machine is to do')
    .action(() => start(load()));
}

async function start(config: Config): Promise<void> {
  const terminal = process.stdout.isTTY === true;
  const logs = openLogStream(config.logLevel, terminal);
  const stopped = new AbortController();
  let supervisor: Supervisor | undefined;
  const stop = () => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    logs.log.info({}, 'stopping');
    // Still starting: it stops itself as soon as it can.
    supervisor?.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  supervisor = await Supervisor.start(config, VERSION, logs);
  if (stopped.signal.aborted) {
    await supervisor.close();
    process.exit(0);
  }
  if (supervisor.apiUrl !== '') {
    const { apiUrl, adminToken } = supervisor;
    const api = new ApiClient(apiUrl, adminToken);
    const [newSource, room] = await Promise.all([
      ensureFirstEvent(api),
      ensureFirstRoom(api, config.dataDir),
    ]);
    const options = { config, version: VERSION, adminToken, newSource, room, secrets: terminal };
    process.stdout.write(`${banner(options)}\n`);
  }
  logs.log.info({ pid: process.pid }, 'ready');
}
