import { useState } from 'react';
import type { StageLayout } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { Choices, TextField } from '../../ui/field.tsx';
import { Toggle } from '../../ui/toggle.tsx';
import type { RoomSession } from '../room-session.ts';
import { useStore } from '../use-store.ts';
import { SidePanel } from '../view/side-panel.tsx';
import './panels.css';

const FIRST_EVENT = 'main';
const LEAST_KEY = 16;
const LAYOUTS: readonly { value: StageLayout; label: string }[] = [
  { value: 'grid', label: 'Grid' },
  { value: 'speaker', label: 'Speaker' },
];

/** Makes the room a camera of an event. */
export function StagePanel({
  session,
  onClose,
  onRefused,
}: {
  session: RoomSession;
  onClose: () => void;
  onRefused: (text: string) => void;
}) {
  const { stage } = useStore(session.state);
  return (
    <SidePanel title="Stage" onClose={onClose}>
      <div className="panel-body">
        {stage === undefined ? (
          <Enter session={session} />
        ) : (
          <>
            <p>
              The room is a camera of the event <strong>{stage.eventId}</strong>. Cut to it in the
              event’s studio.
            </p>
            <Choices
              label="Layout"
              options={LAYOUTS}
              value={stage.layout}
              onChange={(layout) => session.do({ type: 'stage-update', layout }, onRefused)}
            />
            <Toggle
              isOn={stage.open}
              onChange={(open) => session.do({ type: 'stage-update', open }, onRefused)}
            >
              Show viewers the way into this room
            </Toggle>
            <p className="dim small">
              A waiting room lets you decide who of them comes in: see the settings of the room.
            </p>
            <Button look="outline" onPress={() => session.do({ type: 'stage-leave' }, onRefused)}>
              Leave the stage
            </Button>
          </>
        )}
      </div>
    </SidePanel>
  );
}

function Enter({ session }: { session: RoomSession }) {
  const [eventId, setEventId] = useState(FIRST_EVENT);
  const [streamKey, setStreamKey] = useState('');
  const [layout, setLayout] = useState<StageLayout>('grid');
  const [open, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const isComplete = eventId.trim() !== '' && streamKey.trim().length >= LEAST_KEY;
  const enter = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await session.request({
        type: 'stage-enter',
        eventId: eventId.trim(),
        streamKey: streamKey.trim(),
        layout,
        open,
      });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="panel-stage"
      onSubmit={(event) => {
        event.preventDefault();
        if (isComplete && !isBusy) enter();
      }}
    >
      <p className="dim">
        Puts everybody here before the viewers of an event, as one of its cameras. People in the
        room are told.
      </p>
      <TextField label="Event" value={eventId} onChange={setEventId} maxLength={64} />
      <TextField
        label="Stream key of one of its sources"
        type="password"
        value={streamKey}
        onChange={setStreamKey}
        maxLength={200}
      />
      <Choices label="Layout" options={LAYOUTS} value={layout} onChange={setLayout} />
      <Toggle isOn={open} onChange={setOpen}>
        Show viewers the way into this room
      </Toggle>
      {problem !== undefined && (
        <p className="panel-problem" role="alert">
          {problem}
        </p>
      )}
      <Button type="submit" look="primary" isDisabled={!isComplete || isBusy}>
        {isBusy ? 'Going on stage…' : 'Go on stage'}
      </Button>
    </form>
  );
}
