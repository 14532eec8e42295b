export { HttpSession, type SessionTarget } from './http-session.ts';
export { linkTo } from './links.ts';
export { Rescue } from './rescue.ts';
export { codecOf, type Entry, numberIn, numberOf } from './stats-entry.ts';
