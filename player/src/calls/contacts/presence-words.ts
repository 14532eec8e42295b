import type { Presence } from '#contracts';

export const PRESENCE_WORDS: Record<Presence, string> = {
  online: 'Online',
  'in-call': 'In a call',
  offline: 'Offline',
};
