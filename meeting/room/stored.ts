import { withBans } from './bans.ts';
import type { RoomState } from './state.ts';

/** A meeting as the database has it. */
export type Stored = Pick<RoomState, 'title' | 'settings' | 'banned'>;

/** Brings a room's state in step with the database, but for what that has not been told yet. */
export function adoptStored(state: RoomState, { title, settings, banned }: Stored): void {
  const locked = state.unwritten?.locked ? state.settings.locked : settings.locked;
  state.title = title;
  state.settings = { ...settings, locked };
  state.banned = withBans(banned, state.banned);
}
