import { CLOSE_CODES } from '#contracts';
import type { SignalEnd } from '../signal/signal-client.ts';
import type { Ending } from './room-state.ts';

/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008;
const MESSAGE_TOO_BIG = 1009;

const LOST =
  'The connection was away for too long, and your place was given up. Join again to go on.';
const UNREACHED = 'The server of the room did not answer. Try again in a moment.';
const FLOOD =
  'This page said more at once than the server takes, and was cut off. Join again to go on.';
const TOO_BIG =
  'This page said something larger than the server takes, and was cut off. Join again to go on.';

/** What a close code says by itself, where no message has said it before. */
const BY_CODE: Readonly<Record<number, Ending>> = {
  [POLICY_VIOLATION]: { why: 'lost', text: FLOOD },
  [MESSAGE_TOO_BIG]: { why: 'lost', text: TOO_BIG },
  [CLOSE_CODES.replaced]: { why: 'elsewhere' },
  [CLOSE_CODES.removed]: { why: 'removed' },
  [CLOSE_CODES.ended]: { why: 'ended' },
};

/** Why it is over, by how the conversation ended; `hadPlace`: one was in, or waited to be let in. Pure. */
export function endingOf({ code, refusal }: SignalEnd, hadPlace: boolean): Ending {
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  if (refusal?.code === 'meeting_ended') return { why: 'ended' };
  // There is nothing to come back to: the place was given up.
  if (refusal === undefined || (hadPlace && refusal.code === 'unauthorized')) {
    return hadPlace ? { why: 'lost', text: LOST, givenUp: true } : { why: 'lost', text: UNREACHED };
  }
  return { why: 'refused', code: refusal.code, text: refusal.message };
}
