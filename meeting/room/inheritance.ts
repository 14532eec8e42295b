import type { Person } from './state.ts';
import type { Turn } from './turn.ts';

/** Who is host because nobody else is, and until when. */

/** The last host has left: a co-host or participant takes over, until somebody comes in as a host again. */
export function inherit(turn: Turn): void {
  const heirs = turn.people.filter(({ role }) => role === 'co-host' || role === 'participant');
  const [heir] = heirs.sort((a, b) => claimOf(b) - claimOf(a));
  if (heir === undefined) return;
  if (heir.cameAsHost === undefined) heir.inherited ??= heir.role;
  heir.role = 'host';
  turn.tellUpdated(heir);
  turn.send(heir.participantId, { type: 'waiting-list', waiting: turn.waitingList() });
}

/** The greatest takes over; of equals who came first. Who is there comes before who may not come back. */
const claimOf = ({ goneSince, cameAsHost, role, userId }: Person): number =>
  (goneSince === undefined ? 8 : 0) +
  (cameAsHost === undefined ? 0 : 4) +
  (role === 'co-host' ? 2 : 0) +
  (userId === undefined ? 0 : 1);

/** Somebody has another role because somebody has said so: hosts and co-hosts of an heir's naming are that as long as the heir is host. */
export function giveRole(person: Person, target: Person, role: Person['role']): void {
  const { inherited = target.role } = target;
  const moderates = role === 'host' || role === 'co-host';
  if (moderates && person.inherited !== undefined) target.inherited = inherited;
  else delete target.inherited;
  target.role = role;
}

/** Somebody comes in as a host: who has taken over is again what they were. */
export function endInheritance(turn: Turn): void {
  for (const person of turn.people) {
    if (person.inherited === undefined) continue;
    person.role = person.inherited;
    delete person.inherited;
    turn.tellUpdated(person);
  }
}
