import { MAX_RECEIVING_SECTIONS, type RoomMedia, type RoomStream } from '#contracts';
import type { Person, RoomState } from './state.ts';

/**
 * So many of each one person receives at most: an offer has a bounded number
 * of sections. In larger rooms those who spoke last come first.
 */
const MOST: Record<RoomMedia, number> = {
  screen: 4,
  'screen-audio': 4,
  microphone: 40,
  camera: MAX_RECEIVING_SECTIONS - 48,
};

/** Streams of others in the same room, as many as one can receive; in the order in which they came. */
export function streamsFor(state: RoomState, person: Person): RoomStream[] {
  const there = state.streams.filter(({ participantId }) => {
    const from = state.people[participantId];
    return from !== undefined && from !== person && from.breakoutId === person.breakoutId;
  });
  if (there.length <= Math.min(...Object.values(MOST))) return there;
  const chosen = new Set<RoomStream>();
  for (const [media, most] of Object.entries(MOST)) {
    there
      .filter((stream) => stream.media === media)
      .sort((a, b) => spokeAt(state, b) - spokeAt(state, a))
      .slice(0, most)
      .forEach((stream) => {
        chosen.add(stream);
      });
  }
  return there.filter((stream) => chosen.has(stream));
}

/** Whether somebody receives less than there is. */
export const isCrowded = ({ streams }: RoomState): boolean =>
  Object.entries(MOST).some(
    ([media, most]) => streams.filter((stream) => stream.media === media).length > most,
  );

const spokeAt = ({ people }: RoomState, { participantId }: RoomStream): number =>
  people[participantId]?.spokeAt ?? 0;
