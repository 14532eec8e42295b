import type { ServerMessage } from '#contracts';
import { nameOf, placeOf, type RoomState } from './room-state.ts';

/** So many of those who are there are named to who comes. */
const MOST_NAMES = 3;

const GONE = {
  left: 'left',
  timeout: 'lost the connection',
  removed: 'was removed',
  banned: 'was removed',
} as const;

/**
 * What those who do not see the page are told of a message; undefined where
 * that would be noise, or where all are told by a notice. `before` is the state before the message counted.
 */
export function announcementOf(message: ServerMessage, before: RoomState): string | undefined {
  switch (message.type) {
    case 'welcome': {
      // After a break one is where one was.
      if (before.phase === 'in') return undefined;
      const names = message.participants.map(({ displayName }) => displayName);
      if (names.length === 0) return 'You are in the room. Nobody else is here yet.';
      const more = names.length - MOST_NAMES;
      return `You are in the room with ${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    }
    case 'participant-joined':
      return `${message.participant.displayName} joined`;
    case 'participant-left':
      return `${nameOf(before, message.participantId)} ${GONE[message.reason]}`;
    case 'participant-updated': {
      const { participantId, displayName, handRaisedAt } = message.participant;
      const known = before.people[participantId];
      if (handRaisedAt !== undefined && known !== undefined && known.handRaisedAt === undefined) {
        return `${displayName} raised a hand`;
      }
      return undefined;
    }
    case 'media-update': {
      const known = before.people[message.participantId];
      if (known === undefined || known.screen === message.screen) return undefined;
      return `${known.displayName} ${message.screen ? 'shares a screen' : 'stopped sharing'}`;
    }
    case 'chat': {
      // The list of messages is not read out by itself when it is open.
      if (message.from === before.self?.participantId) return undefined;
      const { displayName, to, file } = message;
      const said = [message.message, file === undefined ? '' : `file ${file.name}`];
      return `${displayName}${to === undefined ? '' : ', to you'}: ${said.filter((one) => one !== '').join(', ')}`;
    }
    case 'waiting-list': {
      const known = new Set(before.waiting.map(({ participantId }) => participantId));
      const fresh = message.waiting.filter(({ participantId }) => !known.has(participantId));
      const names = fresh.map(({ displayName }) => displayName).join(', ');
      if (fresh.length === 0) return undefined;
      return `${names} ${fresh.length === 1 ? 'waits' : 'wait'} to be let in`;
    }
    case 'breakouts': {
      const id = before.self?.participantId ?? '';
      const place = placeOf(message, id);
      const isNew = place?.breakoutId !== placeOf(before.breakouts, id)?.breakoutId;
      return place !== undefined && isNew ? `You were moved to ${place.name}` : undefined;
    }
    case 'stage':
      if (message.stage !== undefined) {
        return before.stage === undefined ? 'The room is on stage: an event shows it' : undefined;
      }
      return message.reason === undefined
        ? 'The room has left the stage'
        : `The room has left the stage: ${message.reason}`;
    case 'asked-to-unmute':
      return `${nameOf(before, message.by)} asks you to turn on your ${WORD[message.mediaType]}`;
    default:
      return undefined;
  }
}

const WORD = {
  audio: 'microphone',
  video: 'camera',
  screen: 'screen share',
  'screen-audio': 'sound of the screen',
} as const;
