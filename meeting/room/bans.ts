/** Accounts and browsers banned from one meeting; the oldest are let in again. */
const MAX_BANNED = 1_000;

/** Those and these, each once, the newest last. */
export const withBans = (known: readonly string[], more: readonly string[]): string[] =>
  [...new Set([...known, ...more])].slice(-MAX_BANNED);
