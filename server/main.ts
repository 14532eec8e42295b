import { Command } from 'commander';
import { isAmphiError, messageOf } from '#base';
import { loadConfig } from '#config';
import { banner, ensureFirstEvent } from './banner.ts';
import { openLogStream } from './log-stream.ts';
import { Supervisor } from './supervisor.ts';
import { VERSION } from './version.ts';

/** BSD sysexits: what scripts and service managers know. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;

async function start(): Promise<void> {
  const config = loadConfig({ env: process.env, cwd: process.cwd() });
  const terminal = process.stdout.isTTY === true;
  const logs = openLogStream(config.logLevel, terminal);
  let wanted = false;
  let supervisor: Supervisor | undefined;
  const stop = async () => {
    if (wanted) return;
    wanted = true;
    logs.log.info({}, 'stopping');
    await supervisor?.close();
    process.exit(0);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  supervisor = await Supervisor.start(config, VERSION, logs);
  if (wanted) return;
  if (supervisor.apiUrl !== '') {
    const newSource = await ensureFirstEvent(supervisor.apiUrl, supervisor.adminToken);
    const shown = banner({
      config,
      version: VERSION,
      adminToken: supervisor.adminToken,
      newSource,
      secrets: terminal,
    });
    process.stdout.write(`${shown}\n`);
  }
  logs.log.info({ pid: process.pid }, 'ready');
}

export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('amphi')
    .description('Live broadcast and interactive rooms on one call-server core.')
    .version(VERSION);
  program.command('start').description('start everything that this machine is to do').action(start);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.stderr.write(`amphi: ${messageOf(error)}\n`);
    if (isAmphiError(error, 'bad_config')) process.exit(EXIT_CONFIG);
    process.exit(isAmphiError(error) ? EXIT_UNAVAILABLE : 1);
  }
}
