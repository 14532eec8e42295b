import type { ClientMessage } from '#contracts';
import type { Person } from './state.ts';
import type { Turn } from './turn.ts';

/** The answer comes later: it is not for the dispatcher to say `ok`. */
export const LATER = Symbol('later');

export type MessageType = ClientMessage['type'];
export type MessageOf<Type extends MessageType> = Extract<ClientMessage, { type: Type }>;

/** Does what a message says. Throws `AmphiError`; then nothing was changed. */
export type Handler<Type extends MessageType> = (
  turn: Turn,
  person: Person,
  message: MessageOf<Type>,
) => undefined | typeof LATER;

/** Some of all messages, with what each does. */
export type Handlers<Type extends MessageType> = { readonly [T in Type]: Handler<T> };
