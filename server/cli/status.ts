import type { Command } from 'commander';
import type { Config } from '#config';
import { prepareDataFolder } from '../data-folder.ts';
import { askHolder } from '../lock.ts';
import type { SupervisorStatus } from '../supervisor.ts';
import { table } from './table.ts';

const EXIT_NOT_RUNNING = 3;

/** `amphi status`: the processes of the Amphi that uses this data folder. */
export function addStatusCommand(program: Command, load: () => Config): void {
  program
    .command('status')
    .description('show what runs on this machine')
    .action(async () => {
      const config = load();
      const folder = await prepareDataFolder(config.dataDir);
      const answer = await askHolder(`${folder.sockets}/supervisor.sock`);
      if (answer === undefined || answer === '') {
        process.stdout.write(`Amphi does not run on the data folder ${config.dataDir}\n`);
        process.exitCode = EXIT_NOT_RUNNING;
        return;
      }
      const status = JSON.parse(answer) as SupervisorStatus;
      const { json } = program.opts<{ json?: boolean }>();
      const rows = status.processes.map(({ name, pid, restarts }) => ({
        process: name,
        pid: pid ?? '-',
        restarts,
      }));
      const text = `Amphi ${status.version}, supervisor ${status.pid}\n${table(rows)}`;
      process.stdout.write(`${json ? JSON.stringify(status, null, 2) : text}\n`);
    });
}
