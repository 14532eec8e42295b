import { Command, CommanderError } from 'commander';
import { isAmphiError, messageOf } from '#base';
import { loadConfig } from '#config';
import { addDoctorCommand } from './cli/doctor.ts';
import { addEventCommands } from './cli/events.ts';
import { addRoomCommands } from './cli/rooms.ts';
import { addStartCommand } from './cli/start.ts';
import { addStatusCommand } from './cli/status.ts';
import { VERSION } from './version.ts';

/** BSD sysexits: what scripts and service managers know. */
const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const EXIT_CONFIG = 78;

/** The command line. Ends the process with a code that says what kind of thing went wrong. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('amphi')
    .description('Live broadcast and interactive rooms on one call-server core.')
    .version(VERSION)
    .option('--url <base>', 'address of the server to talk to; this machine when left out')
    .option('--json', 'print JSON')
    .showHelpAfterError()
    .exitOverride();
  const load = () => loadConfig({ env: process.env, cwd: process.cwd() });
  addStartCommand(program, load);
  addEventCommands(program, load);
  addRoomCommands(program, load);
  addStatusCommand(program, load);
  addDoctorCommand(program, load);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
    process.stderr.write(`amphi: ${messageOf(error)}\n`);
    if (isAmphiError(error, 'bad_config')) process.exit(EXIT_CONFIG);
    process.exit(isAmphiError(error) ? EXIT_UNAVAILABLE : 1);
  }
}
