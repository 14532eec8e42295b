import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '#config';
import type { CreatedMeeting, CreateMeeting } from '#contracts';
import { ApiClient } from './client.ts';

interface RoomOptions {
  at?: string;
  password?: string;
  waitingRoom?: boolean;
  muteOnEntry?: boolean;
}

/** `amphi room …`: meetings, from a shell. */
export function addRoomCommands(program: Command, load: () => Config): void {
  program
    .command('room')
    .description('rooms: create')
    .command('create')
    .argument('<title>')
    .option('--at <time>', 'when it begins, as 2027-05-01T18:00+02:00', instant)
    .option('--password <password>', 'asked of everybody but hosts')
    .option('--waiting-room', 'the host lets people in one by one')
    .option('--mute-on-entry', 'people come in muted')
    .description('create a room and show its link and its host token')
    .action(async (title: string, options: RoomOptions) => {
      const { url, json } = program.opts<{ url?: string; json?: boolean }>();
      const api = await ApiClient.open(load(), url);
      const { at, ...settings } = options;
      const body: CreateMeeting = {
        title,
        settings,
        ...(at === undefined ? {} : { startTime: at }),
      };
      const made = await api.call<CreatedMeeting>('POST', '/api/meetings', body);
      const text = [
        `room        ${made.meetingId}`,
        `join        ${made.joinUrl}`,
        // Behind #, so that it is never sent to a server, nor written into its logs.
        `as host     ${made.joinUrl}#host=${made.hostToken}   (shown this once)`,
        `calendar    ${made.calendarUrl}`,
      ].join('\n');
      process.stdout.write(`${json ? JSON.stringify(made, null, 2) : text}\n`);
    });
}

/** A time as the API takes it. */
function instant(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError('It must be a time: 2027-05-01T18:00+02:00.');
  }
  return at.toISOString();
}
