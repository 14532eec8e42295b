import type { ServerMessage } from '#contracts';
import { isHost, nameOf, placeOf, type RoomState } from './room-state.ts';
import { Store } from './store.ts';

/** Something that happened to this person, or was refused to them. */
interface Notice {
  /** `warn`: something does not work, or works no more. */
  level: 'info' | 'warn';
  /** Whose name the text begins with. */
  who?: string;
  text: string;
}

/** One that is on the page. */
export interface ShownNotice extends Notice {
  key: number;
}

/** The oldest give way: more would hide the people. */
const MOST_NOTICES = 3;

/** What this person has been told on the page and has not seen to yet. */
export class Notices {
  readonly shown = new Store<readonly ShownNotice[]>([]);
  #keys = 0;

  show(notice: Notice): void {
    // Said again, it is one notice, and read out again.
    const others = this.shown
      .get()
      .filter(({ who, text }) => who !== notice.who || text !== notice.text);
    const all = [...others, { ...notice, key: ++this.#keys }];
    this.shown.set(all.slice(-MOST_NOTICES));
  }

  /** Something was refused, and this is why. */
  refused = (text: string): void => this.show({ level: 'warn', text });

  dismiss(key: number): void {
    this.shown.set(this.shown.get().filter((one) => one.key !== key));
  }
}

export const REJOINED: Notice = {
  level: 'info',
  text: 'The connection was away for so long that your place was given up. You are in again.',
};

const OWN = {
  audio: 'microphone',
  video: 'camera',
  screen: 'screen share',
  'screen-audio': 'sound of your screen',
} as const;

/**
 * What a message does to this person, in words to be seen and read out;
 * undefined for all that happens to others. `before` is the state before the
 * message counted. Pure.
 */
export function noticeOf(message: ServerMessage, before: RoomState): Notice | undefined {
  switch (message.type) {
    case 'muted-by-host':
      return {
        level: 'warn',
        who: nameOf(before, message.by),
        text: `turned off your ${OWN[message.mediaType]}.`,
      };
    case 'participant-updated': {
      const { self } = before;
      const { participantId, role } = message.participant;
      return participantId === self?.participantId ? ofRole(role, self.role) : undefined;
    }
    case 'breakouts':
      return isBack(message, before) ? BACK : undefined;
    case 'welcome':
      if (before.self === undefined) return message.self.role === 'viewer' ? WATCHING : undefined;
      return (
        ofRole(message.self.role, before.self.role) ??
        (isBack(message.breakouts, before) ? BACK : undefined)
      );
    default:
      return undefined;
  }
}

const BACK: Notice = { level: 'info', text: 'You are back in the main room.' };
const WATCHING: Notice = {
  level: 'info',
  text: 'You are here to watch: you hear and see the others, and they do not hear or see you.',
};

type Role = NonNullable<RoomState['self']>['role'];

function ofRole(role: Role, before: Role): Notice | undefined {
  if (role === before) return undefined;
  if (role === 'viewer') {
    return {
      level: 'warn',
      text: 'A host lets you only watch now: your microphone, camera and screen share are off.',
    };
  }
  if (isHost({ role })) {
    const rank = role === 'host' ? 'a host' : 'a co-host';
    return {
      level: 'info',
      text: `You are ${rank} of this room now. What you can do is in the list of people.`,
    };
  }
  return before === 'viewer'
    ? {
        level: 'info',
        text: 'You may take part now. Microphone and camera stay off until you turn them on.',
      }
    : { level: 'info', text: `You are not a ${before} of this room any more.` };
}

/** Whether these breakout rooms have this person in none, who was in one. */
const isBack = (breakouts: RoomState['breakouts'], { breakouts: known, self }: RoomState) =>
  self !== undefined &&
  placeOf(known, self.participantId) !== undefined &&
  placeOf(breakouts, self.participantId) === undefined;
