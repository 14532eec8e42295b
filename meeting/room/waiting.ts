import { AmphiError } from '#base';
import type { Newcomer } from './entry.ts';
import type { Person } from './state.ts';
import type { Turn } from './turn.ts';

/** So many wait at most. */
const MAX_WAITING = 200;
/** Of one browser: a page that is loaded again counts anew until its last one is given up. */
const MAX_OF_BROWSER = 5;
/** So many come in as hosts at most: neither lock nor capacity holds them up. */
const MAX_CAME_AS_HOST = 20;
/** From one address: a school may have a single one, and others are to find a place, too. */
const MAX_OF_NETWORK = 150;

/**
 * Who has to give up the place in the waiting room for somebody who knocks:
 * those from the same browser or address, or of all, whose sockets are gone.
 * Throws `too_many` when there is no place.
 */
export function madeToLeave(turn: Turn, { mark, network }: Newcomer): Person[] {
  const { waiting } = turn;
  const ofBrowser = waiting.filter((one) => one.mark === mark);
  const ofNetwork = waiting.filter((one) => network !== undefined && one.network === network);
  const leaves = new Set<Person>();
  for (const [alike, most, where] of [
    [ofBrowser, MAX_OF_BROWSER, 'from this browser'],
    [ofNetwork, MAX_OF_NETWORK, 'from your network'],
    [waiting, MAX_WAITING, 'already'],
  ] as const) {
    if (alike.filter((one) => !leaves.has(one)).length < most) continue;
    const gone = alike.find(({ goneSince }) => goneSince !== undefined);
    if (gone === undefined) {
      throw new AmphiError('too_many', `${most} are waiting ${where}: try again later`);
    }
    leaves.add(gone);
  }
  return [...leaves];
}

/**
 * Who has to give up the place for somebody who comes in as a host, where as
 * many are there as may be: one whose socket is gone. Throws `too_many` when
 * there is none.
 */
export function hostMadeToLeave({ people }: Turn): Person | undefined {
  const hosts = people.filter(({ cameAsHost }) => cameAsHost);
  if (hosts.length < MAX_CAME_AS_HOST) return undefined;
  const gone = hosts.find(({ goneSince }) => goneSince !== undefined);
  if (gone === undefined) {
    throw new AmphiError('too_many', `${MAX_CAME_AS_HOST} hosts are here already`);
  }
  return gone;
}
