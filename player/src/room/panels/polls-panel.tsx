import { useState } from 'react';
import type { Poll } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { plural } from '../../ui/format.ts';
import { Toggle } from '../lobby/device-form.tsx';
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
          <PollCard key={poll.pollId} poll={poll} mayClose={mayAsk} send={send} />
        ))}
        {mayAsk && <NewPoll send={send} />}
      </div>
    </SidePanel>
  );
}

type Send = (message: Outgoing) => void;

function PollCard({ poll, mayClose, send }: { poll: Poll; mayClose: boolean; send: Send }) {
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const [hasVoted, setVoted] = useState(false);
  const { pollId, question, options, multiple, open, voters } = poll;
  const choose = (index: number, on: boolean) => {
    if (!multiple) setChosen([index]);
    else setChosen(on ? [...chosen, index] : chosen.filter((one) => one !== index));
  };
  return (
    <fieldset className="poll">
      <legend>
        <bdi>{question}</bdi>
      </legend>
      {options.map(({ text, votes }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: options are numbered, and stay as they are.
        <label key={i} className="poll-option">
          <input
            type={multiple ? 'checkbox' : 'radio'}
            name={pollId}
            disabled={!open}
            checked={chosen.includes(i)}
            onChange={(event) => choose(i, event.target.checked)}
          />
          <bdi>{text}</bdi>
          <span className="dim small">{votes}</span>
          <span
            className="poll-share"
            style={{ width: `${voters === 0 ? 0 : (votes / voters) * 100}%` }}
            aria-hidden="true"
          />
        </label>
      ))}
      <div className="poll-foot">
        <span className="dim small">
          {plural(voters, 'vote')}
          {open ? '' : ', closed'}
        </span>
        {open && (
          <Button
            size="small"
            look={hasVoted ? 'outline' : 'primary'}
            isDisabled={chosen.length === 0}
            onPress={() => {
              setVoted(true);
              send({ type: 'poll-vote', pollId, options: [...chosen] });
            }}
          >
            {hasVoted ? 'Vote again' : 'Vote'}
          </Button>
        )}
        {open && mayClose && (
          <Button size="small" onPress={() => send({ type: 'poll-close', pollId })}>
            Close
          </Button>
        )}
      </div>
    </fieldset>
  );
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
