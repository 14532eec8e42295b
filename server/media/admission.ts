import type { LiveState } from '#contracts';
import type { TokenVerifier } from '#platform';

const MAX_TOKEN_CHARACTERS = 2_000;

/** Whether one of the tokens that somebody shows opens this event. */
export async function isOpened(
  eventId: string,
  shown: readonly (string | undefined)[],
  tokens: TokenVerifier,
): Promise<boolean> {
  for (const token of shown) {
    if (token === undefined || token.length > MAX_TOKEN_CHARACTERS) continue;
    const claims = await tokens.verify('play', token).catch(() => undefined);
    if (claims?.sub === eventId) return true;
  }
  return false;
}

/** Whether who watches is to go, now that things stand so with the event: it is over, or it is private and they came without a token. */
export function partingOf(
  { status, visibility }: Pick<LiveState, 'status' | 'visibility'>,
  hasToken: boolean,
): 'over' | 'private' | undefined {
  if (status === 'ended' || status === 'idle') return 'over';
  return visibility === 'private' && !hasToken ? 'private' : undefined;
}
