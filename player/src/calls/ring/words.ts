import type { CallMedia } from '#contracts';
import type { CurrentCall, Why } from '../state/calls-state.ts';

export const INCOMING_WORDS: Record<CallMedia, string> = {
  audio: 'Call with sound',
  video: 'Video call',
  screen: 'Wants to show you a screen',
};

const OUTGOING_WORDS: Record<CallMedia, string> = {
  audio: 'Call with sound',
  video: 'Video call',
  screen: 'You show your screen',
};

const WHYS: Record<Why, string> = {
  declined: 'The call was declined.',
  busy: 'In another call. They are told that you called.',
  'no-answer': 'No answer. They are told that you called.',
  unavailable: 'Not there now. They are told that you called.',
  cancelled: 'You gave it up.',
  'answered-elsewhere': 'It goes on on another device.',
  'hung-up': 'The call is over.',
  refused: 'The call could not be made.',
  lost: 'The connection to the server broke.',
};

type Outgoing = Exclude<CurrentCall, { phase: 'incoming' }>;

/** Who is called, and how far it is. Pure. */
export function outgoingTitle(call: Outgoing): string {
  const name = call.peer.displayName;
  if (call.phase === 'calling') return `Calling ${name}`;
  return call.phase === 'failed' ? name : `Connecting to ${name}`;
}

export function outgoingDetail(call: Outgoing): string {
  switch (call.phase) {
    case 'calling':
      return call.rings ? 'It rings…' : OUTGOING_WORDS[call.media];
    case 'failed':
      return call.detail ?? WHYS[call.why];
    default:
      return OUTGOING_WORDS[call.media];
  }
}
