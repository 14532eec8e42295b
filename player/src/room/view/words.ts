import type { MediaRoute } from '#contracts';
import type { Ending } from '../state/room-state.ts';

interface Words {
  title: string;
  text: string;
  mayReturn: boolean;
}

const ENDINGS: Record<Exclude<Ending['why'], 'lost' | 'refused'>, Words> = {
  left: { title: 'You left the room', text: 'The others go on without you.', mayReturn: true },
  ended: {
    title: 'The meeting is over',
    text: 'It has ended for everybody.',
    mayReturn: false,
  },
  removed: { title: 'You were removed', text: 'A host took you out of the room.', mayReturn: true },
  banned: {
    title: 'You were removed',
    text: 'A host took you out of the room for good.',
    mayReturn: false,
  },
  denied: { title: 'You were not let in', text: 'The host did not let you in.', mayReturn: false },
  elsewhere: {
    title: 'You joined elsewhere',
    text: 'The room is open in another tab or on another device.',
    mayReturn: true,
  },
};

const REASONS = {
  host: 'The host has ended it for everybody.',
  'host-left': 'The host has left, and the meeting ended with that.',
  deleted: 'The meeting was deleted.',
} as const;

/** By the code of the refusal; of others the server's own words are shown. */
const REFUSALS: Readonly<Record<string, Words>> = {
  meeting_locked: {
    title: 'The room is locked',
    text: 'Nobody new comes in now. Ask the host to unlock it, and try again.',
    mayReturn: true,
  },
  meeting_full: {
    title: 'The room is full',
    text: 'As many people are in it as it takes. Try again when somebody has left.',
    mayReturn: true,
  },
  banned: {
    title: 'You were not let in',
    text: 'A host took you out of this room for good.',
    mayReturn: false,
  },
};

/** Why somebody is out of the room, for them. */
export function endingWords(ending: Ending, title: string | undefined): Words {
  switch (ending.why) {
    case 'lost':
      return { title: 'The connection was lost', text: ending.text, mayReturn: true };
    case 'refused':
      return (
        REFUSALS[ending.code] ?? {
          title: 'You were not let in',
          text: ending.text,
          mayReturn: true,
        }
      );
    case 'ended': {
      const { reason } = ending;
      return reason === undefined ? ENDINGS.ended : { ...ENDINGS.ended, text: REASONS[reason] };
    }
    case 'removed':
    case 'banned':
    case 'denied': {
      const words = ENDINGS[ending.why];
      const { message } = ending;
      return message === undefined
        ? words
        : { ...words, text: `${words.text} They say: “${isolated(message)}”` };
    }
    case 'left':
      return title === undefined
        ? ENDINGS.left
        : { ...ENDINGS.left, text: `“${title}” goes on without you.` };
    case 'elsewhere':
      return ENDINGS.elsewhere;
  }
}

/** How many there are now, and why media goes as it does, which was told when that changed last. */
export function routeText({ reason }: MediaRoute, people: number, place: 'room' | 'call'): string {
  const there =
    people === 1 ? `Only you are in the ${place}` : `${people} people are in the ${place}`;
  return reason === '' ? there : `${there}. ${reason}`;
}

/** What a page's title begins with while so much waits to be seen. */
export const newsPrefix = (count: number): string =>
  count === 0 ? '' : `(${count > 99 ? '99+' : count}) `;

/** Other people's words, which may turn the direction of writing, among ours. */
const isolated = (text: string): string => `\u2068${text}\u2069`;

/** Why a room cannot be opened. */
export function unavailableWords(status: number, detail: string): { title: string; text: string } {
  if (status === 404 || status === 400) {
    return {
      title: 'There is no such room',
      text: 'The link may be incomplete. Ask whoever sent it for a new one.',
    };
  }
  if (status === 410)
    return { title: 'The meeting is over', text: 'Its host has ended it for good.' };
  if (status === 0) return { title: 'The room cannot be reached', text: detail };
  return { title: 'The room cannot be opened', text: detail };
}
