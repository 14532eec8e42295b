import { AmphiError } from '#base';
import type { MeetingSettings, ParticipantRole } from '#contracts';
import type { Person } from './state.ts';

const RANK: Record<ParticipantRole, number> = {
  viewer: 0,
  participant: 1,
  'co-host': 2,
  host: 3,
};

export const moderates = ({ role }: Pick<Person, 'role'>): boolean => RANK[role] >= RANK['co-host'];

/** Throws `forbidden` unless this person is host or co-host. */
export function requireModerator(person: Person): void {
  if (!moderates(person)) throw new AmphiError('forbidden', 'Only hosts may do that');
}

export function requireHost({ role }: Person): void {
  if (role !== 'host') throw new AmphiError('forbidden', 'Only a host may do that');
}

/** Whether the one stands higher than the other. */
export const outranks = (person: Person, target: Person): boolean =>
  RANK[person.role] > RANK[target.role];

/** Throws `forbidden` unless the one stands at least as high as the other; `above`: higher. */
export function requireRank(person: Person, target: Person, how: 'equal' | 'above'): void {
  const enough =
    how === 'above' ? outranks(person, target) : RANK[person.role] >= RANK[target.role];
  if (!enough) throw new AmphiError('forbidden', 'Not against somebody of this role');
}

/** Throws `forbidden` unless the setting lets somebody of this role. */
export function requireAllowed(
  role: ParticipantRole,
  who: MeetingSettings['chat'],
  what: string,
): void {
  if (who === 'everyone' || (who === 'hosts' && moderates({ role }))) return;
  throw new AmphiError('forbidden', `The host has not allowed ${what}`);
}

/** Throws `forbidden` for viewers. */
export function requireSender({ role }: Person): void {
  if (role === 'viewer') throw new AmphiError('forbidden', 'A viewer does not send');
}
