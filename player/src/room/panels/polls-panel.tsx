import { Check } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Poll } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { plural } from '../../ui/format.ts';
import { Toggle } from '../../ui/toggle.tsx';
import type { RoomSession } from '../room-session.ts';
import type { Outgoing } from '../signal/signal-client.ts';
import { isHost } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { SidePanel } from '../view/side-panel.tsx';
import './panels.css';

const MOST_OPTIONS = 10;

/** Questions to everybody, and what came out. */
export function PollsPanel({
  session,
  onClose,
  onRefused,
}: {
  session: RoomSession;
  onClose: () => void;
  onRefused: (text: string) => void;
}) {
  const state = useStore(session.state);
  const votes = useStore(session.ownVotes);
  const send = (message: Outgoing) => session.do(message, onRefused);
  const mayAsk = isHost(state.self);
  return (
    <SidePanel title="Polls" onClose={onClose}>
      <div className="panel-body">
        {state.polls.length === 0 && (
          <p className="dim">
            {mayAsk ? 'Nothing was asked yet.' : 'The hosts have not asked yet.'}
          </p>
        )}
        {[...state.polls].reverse().map((poll) => (
          <PollCard
            key={poll.pollId}
            poll={poll}
            own={votes[poll.pollId]}
            mayClose={mayAsk}
            onVote={(options) => session.vote(poll.pollId, options, onRefused)}
            onClose={() => send({ type: 'poll-close', pollId: poll.pollId })}
          />
        ))}
        {mayAsk && <NewPoll send={send} />}
      </div>
    </SidePanel>
  );
}

type Send = (message: Outgoing) => void;
const NOTHING: readonly number[] = [];

interface PollCardProps {
  poll: Poll;
  /** What this person has answered, if anything. */
  own: readonly number[] | undefined;
  mayClose: boolean;
  onVote: (options: readonly number[]) => void;
  onClose: () => void;
}

function PollCard({ poll, own, mayClose, onVote, onClose }: PollCardProps) {
  const [draft, setDraft] = useState<readonly number[]>();
  const { pollId, question, options, multiple, open, voters } = poll;
  const chosen = draft ?? own ?? NOTHING;
  const choose = (index: number, on: boolean) => {
    if (!multiple) setDraft([index]);
    else setDraft(on ? [...chosen, index] : chosen.filter((one) => one !== index));
  };
  const most = Math.max(1, ...options.map(({ votes }) => votes));
  return (
    <fieldset className="poll">
      <legend>
        <bdi>{question}</bdi>
      </legend>
      {multiple && open && <p className="poll-hint">Several answers may be chosen.</p>}
      {options.map(({ text, votes }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: options are numbered, and stay as they are.
        <PollOption key={i} votes={votes} voters={voters} isFirst={!open && votes === most}>
          {open && (
            <input
              type={multiple ? 'checkbox' : 'radio'}
              name={pollId}
              checked={chosen.includes(i)}
              onChange={(event) => choose(i, event.target.checked)}
            />
          )}
          <bdi>{text}</bdi>
          {!open && own?.includes(i) && (
            <Check className="poll-own" size={16} role="img" aria-label="Your answer" />
          )}
        </PollOption>
      ))}
      <div className="poll-foot">
        <span className="dim small">{footOf(poll, own !== undefined)}</span>
        {open && (
          <Button
            size="small"
            look={own === undefined ? 'primary' : 'outline'}
            isDisabled={chosen.length === 0}
            onPress={() => onVote(chosen)}
          >
            {own === undefined ? 'Vote' : 'Change vote'}
          </Button>
        )}
        {open && mayClose && (
          <Button size="small" onPress={onClose}>
            Close
          </Button>
        )}
      </div>
    </fieldset>
  );
}

/** One answer, and behind it, as a bar, how many of those who voted have chosen it. */
function PollOption({
  votes,
  voters,
  isFirst,
  children,
}: {
  votes: number;
  voters: number;
  /** It is over, and none has more votes. */
  isFirst: boolean;
  children: ReactNode;
}) {
  const percent = voters === 0 ? 0 : Math.round((votes / voters) * 100);
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the field is among the children while one may vote.
    <label className="poll-option" data-first={isFirst || undefined}>
      <span className="poll-share" style={{ width: `${percent}%` }} aria-hidden="true" />
      {children}
      <span className="poll-count">
        {votes} <span className="visually-hidden">{votes === 1 ? 'vote' : 'votes'},</span>
        <span className="dim">
          <span aria-hidden="true">· </span>
          {percent} %
        </span>
      </span>
    </label>
  );
}

function footOf({ voters, open }: Poll, hasVoted: boolean): string {
  const who = voters === 0 ? 'Nobody has voted yet' : `${plural(voters, 'person', 'people')} voted`;
  return `${open ? '' : 'Closed. '}${who}${hasVoted ? ', you too' : ''}`;
}

function NewPoll({ send }: { send: Send }) {
  const [question, setQuestion] = useState('');
  const [lines, setLines] = useState('');
  const [multiple, setMultiple] = useState(false);
  const options = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, MOST_OPTIONS);
  const isComplete = question.trim() !== '' && options.length >= 2;
  return (
    <form
      className="panel-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isComplete) return;
        send({ type: 'poll-create', question: question.trim(), options, multiple });
        setQuestion('');
        setLines('');
      }}
    >
      <h3>Ask something</h3>
      <TextField label="Question" value={question} onChange={setQuestion} maxLength={300} />
      <label className="field">
        <span className="field-label">Answers, one a line</span>
        <textarea
          className="input"
          rows={3}
          value={lines}
          onChange={(event) => setLines(event.target.value)}
        />
      </label>
      <Toggle isOn={multiple} onChange={setMultiple}>
        Several answers at once
      </Toggle>
      <Button type="submit" look="primary" isDisabled={!isComplete}>
        Ask
      </Button>
    </form>
  );
}
