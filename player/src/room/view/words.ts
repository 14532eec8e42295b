import type { Ending } from '../state/room-state.ts';

const ENDINGS: Record<
  Exclude<Ending['why'], 'lost'>,
  { title: string; text: string; mayReturn: boolean }
> = {
  left: { title: 'You left the room', text: 'The others go on without you.', mayReturn: true },
  ended: {
    title: 'The meeting is over',
    text: 'The host has ended it for everybody.',
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

/** Why somebody is out of the room, for them. */
export function endingWords(
  ending: Ending,
  title: string | undefined,
): { title: string; text: string; mayReturn: boolean } {
  if (ending.why === 'lost') {
    return { title: 'The connection was lost', text: ending.text, mayReturn: true };
  }
  const words = ENDINGS[ending.why];
  return ending.why === 'left' && title !== undefined
    ? { ...words, text: `“${title}” goes on without you.` }
    : words;
}

/** Why a room cannot be opened. */
export function unavailableWords(status: number, detail: string): { title: string; text: string } {
  if (status === 404 || status === 400) {
    return {
      title: 'There is no such room',
      text: 'The link may be incomplete. Ask whoever sent it for a new one.',
    };
  }
  if (status === 410) return { title: 'The meeting is over', text: 'Its host has ended it.' };
  if (status === 0) return { title: 'The room cannot be reached', text: detail };
  return { title: 'The room cannot be opened', text: detail };
}
