import type { z } from 'zod';
import type { ROOM_COMMANDS, RoomCommand, RoomCommandOutput } from '#contracts';

/** A command's input as it has been read, defaults filled in. */
export type CommandInput<Name extends RoomCommand> = z.output<
  (typeof ROOM_COMMANDS)[Name]['input']
>;

/** What each command does in one room. */
export type CommandTable = {
  readonly [Name in RoomCommand]: (input: CommandInput<Name>) => Promise<RoomCommandOutput<Name>>;
};
