import type { RoomState } from './state.ts';

/** Accounts and browsers banned from one meeting; the oldest are let in again. */
const MAX_BANNED = 1_000;

/** Those and these, each once, the newest last. */
export const withBans = (known: readonly string[], more: readonly string[]): string[] =>
  [...new Set([...known, ...more])].slice(-MAX_BANNED);

interface Somebody {
  mark: string;
  userId?: string | undefined;
}

/** By what somebody is known again: the browser, and the account where there is one. */
export const namesOf = ({ mark, userId }: Somebody): string[] =>
  userId === undefined ? [mark] : [mark, userId];

/** Whether this browser or account is not let in. */
export const isBanned = ({ banned }: Pick<RoomState, 'banned'>, who: Somebody): boolean =>
  namesOf(who).some((name) => banned.includes(name));
