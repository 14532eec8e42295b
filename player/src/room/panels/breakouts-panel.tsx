import { useState } from 'react';
import type { Breakouts } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { Select, TextField } from '../../ui/field.tsx';
import type { RoomSession } from '../room-session.ts';
import type { Outgoing } from '../signal/signal-client.ts';
import { nameOf, type RoomState } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { SidePanel } from '../view/side-panel.tsx';
import { Countdown } from './countdown.tsx';
import './panels.css';

const NUMBERS = ['2', '3', '4', '5', '6', '8', '10'] as const;
const MINUTES = ['0', '5', '10', '15', '20', '30'] as const;
const MAIN = 'main';

/** Smaller rooms beside this one, for a while. */
export function BreakoutsPanel({
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
  return (
    <SidePanel title="Breakout rooms" onClose={onClose}>
      <div className="panel-body">
        {state.breakouts === undefined ? (
          <OpenForm send={send} />
        ) : (
          <Opened state={state} breakouts={state.breakouts} send={send} />
        )}
      </div>
    </SidePanel>
  );
}

type Send = (message: Outgoing) => void;

function OpenForm({ send }: { send: Send }) {
  const [number, setNumber] = useState<(typeof NUMBERS)[number]>('2');
  const [minutes, setMinutes] = useState<(typeof MINUTES)[number]>('10');
  const open = () =>
    send({
      type: 'breakout-open',
      rooms: Array.from({ length: Number(number) }, (_, i) => ({ name: `Room ${i + 1}` })),
      spread: true,
      ...(minutes === '0' ? {} : { seconds: Number(minutes) * 60 }),
    });
  return (
    <>
      <p className="dim">
        Everybody is spread over the rooms by chance; you can move people afterwards. Hosts stay
        here.
      </p>
      <Select
        label="Rooms"
        options={NUMBERS.map((value) => ({ value, label: value }))}
        value={number}
        onChange={setNumber}
      />
      <Select
        label="They close by themselves"
        options={MINUTES.map((value) => ({
          value,
          label: value === '0' ? 'Not before I close them' : `After ${value} minutes`,
        }))}
        value={minutes}
        onChange={setMinutes}
      />
      <Button look="primary" onPress={open}>
        Open the rooms
      </Button>
    </>
  );
}

function Opened({
  state,
  breakouts,
  send,
}: {
  state: RoomState;
  breakouts: Breakouts;
  send: Send;
}) {
  const [text, setText] = useState('');
  const { rooms, endsAt } = breakouts;
  const everybody = [
    ...Object.values(state.people),
    ...(state.self === undefined ? [] : [state.self]),
  ];
  const places = [
    { breakoutId: MAIN, name: 'Main room' },
    ...rooms.map(({ breakoutId, name }) => ({ breakoutId, name })),
  ];
  return (
    <>
      {endsAt !== undefined && (
        <p>
          They close in <Countdown to={endsAt} offsetMs={state.clockOffsetMs} />.
        </p>
      )}
      {places.map(({ breakoutId, name }) => {
        const here = everybody.filter((one) => (one.breakoutId ?? MAIN) === breakoutId);
        return (
          <section key={breakoutId} className="breakout">
            <h3>
              <bdi>{name}</bdi> <span className="dim">{here.length}</span>
            </h3>
            <ul className="people-list">
              {here.map(({ participantId }) => (
                <li key={participantId} className="person">
                  <span className="person-name">
                    <bdi>{nameOf(state, participantId)}</bdi>
                  </span>
                  <select
                    className="breakout-move"
                    aria-label={`Room of ${nameOf(state, participantId)}`}
                    value={breakoutId}
                    onChange={(event) =>
                      send({
                        type: 'breakout-assign',
                        participantId,
                        breakoutId: event.target.value === MAIN ? null : event.target.value,
                      })
                    }
                  >
                    {places.map((place) => (
                      <option key={place.breakoutId} value={place.breakoutId}>
                        {place.name}
                      </option>
                    ))}
                  </select>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      <form
        className="panel-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === '') return;
          send({ type: 'breakout-broadcast', message: text.trim() });
          setText('');
        }}
      >
        <TextField label="Tell all rooms" value={text} onChange={setText} maxLength={4_000} />
        <Button type="submit" isDisabled={text.trim() === ''}>
          Tell them
        </Button>
      </form>
      <Button look="danger" onPress={() => send({ type: 'breakout-close' })}>
        Call everybody back
      </Button>
    </>
  );
}
