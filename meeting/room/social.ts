import { AmphiError } from '#base';
import type { Handlers } from './handler.ts';
import { tellPaced } from './pace.ts';
import { requireModerator } from './rights.ts';
import type { Person, RoomPoll } from './state.ts';
import { type Turn, together } from './turn.ts';
import { pollView } from './welcome.ts';

/** Names, hands, reactions, polls. */
type Social =
  | 'rename'
  | 'hand-raise'
  | 'hand-lower'
  | 'reaction'
  | 'poll-create'
  | 'poll-vote'
  | 'poll-close';

const POLL_ID_CHARACTERS = 12;
const MAX_POLLS = 50;
/** Of one poll: more than a room takes. */
const MAX_VOTES = 1_000;

export const social: Handlers<Social> = {
  rename: (turn, person, { displayName }) => {
    if (person.displayName === displayName) return undefined;
    person.displayName = displayName;
    if (turn.state.waiting[person.participantId] === undefined) turn.tellUpdated(person);
    else turn.tellWaiting();
    return undefined;
  },
  'hand-raise': (turn, person) => {
    if (person.handRaisedAt !== undefined) return undefined;
    person.handRaisedAt = turn.stamp();
    turn.tellUpdated(person);
    return undefined;
  },
  'hand-lower': (turn, person, { participantId }) => {
    const target = participantId === undefined ? person : turn.person(participantId);
    if (target !== person) requireModerator(person);
    if (target.handRaisedAt === undefined) return undefined;
    delete target.handRaisedAt;
    turn.tellUpdated(target);
    return undefined;
  },
  reaction: (turn, person, { emoji }) => {
    turn.tell({ type: 'reaction', from: person.participantId, emoji }, (other) =>
      together(person, other),
    );
    return undefined;
  },
  'poll-create': (turn, person, { question, options, multiple }) => {
    requireModerator(person);
    if (turn.state.polls.length >= MAX_POLLS) {
      throw new AmphiError('too_many', `A meeting has ${MAX_POLLS} polls at most`);
    }
    const pollId = turn.deps.newId(POLL_ID_CHARACTERS);
    const poll: RoomPoll = { pollId, question, options, multiple, open: true, votes: {} };
    turn.state.polls.push(poll);
    tellPoll(turn, poll);
    return undefined;
  },
  'poll-vote': (turn, person, { pollId, options }) => {
    const poll = pollOf(turn, pollId);
    if (!poll.open) throw new AmphiError('conflict', 'The poll is closed');
    const chosen = [...new Set(options)];
    if (chosen.some((index) => index >= poll.options.length)) {
      throw new AmphiError('bad_request', `options: the poll has ${poll.options.length}`);
    }
    if (chosen.length > 1 && !poll.multiple) {
      throw new AmphiError('bad_request', 'options: only one may be chosen');
    }
    const voter = voterOf(person);
    if (chosen.length === 0) delete poll.votes[voter];
    else poll.votes[voter] = chosen;
    dropVotes(turn, poll);
    tellPaced(turn, `poll ${pollId}`, () => tellPoll(turn, poll));
    return undefined;
  },
  'poll-close': (turn, person, { pollId }) => {
    requireModerator(person);
    const poll = pollOf(turn, pollId);
    if (!poll.open) return undefined;
    poll.open = false;
    tellPoll(turn, poll);
    return undefined;
  },
};

function pollOf({ state }: Turn, pollId: string): RoomPoll {
  const poll = state.polls.find((one) => one.pollId === pollId);
  if (poll === undefined) throw new AmphiError('not_found', 'No such poll');
  return poll;
}

/** Who goes and comes again votes once, too, where that can be known. */
const voterOf = ({ userId, mark }: Person): string => userId ?? mark;

/** The oldest votes of people who have left give way. */
function dropVotes({ people }: Turn, { votes }: RoomPoll): void {
  const voters = Object.keys(votes);
  if (voters.length <= MAX_VOTES) return;
  const here = new Set(people.map(voterOf));
  const gone = voters.filter((voter) => !here.has(voter));
  for (const voter of gone.slice(0, voters.length - MAX_VOTES)) delete votes[voter];
}

/** The votes that came in since it was told last. */
export function tellOwedPoll(turn: Turn, pollId: string): void {
  const poll = turn.state.polls.find((one) => one.pollId === pollId);
  if (poll !== undefined) tellPoll(turn, poll);
}

const tellPoll = (turn: Turn, poll: RoomPoll): void =>
  turn.tell({ type: 'poll', poll: pollView(poll) });
