import { Button } from '../../ui/button.tsx';
import { useArrival } from '../../ui/focus.ts';
import { Mark } from '../../ui/logo.tsx';
import type { RoomSession } from '../room-session.ts';
import { useStore } from '../use-store.ts';
import './outside.css';

/** Before the door, until a host opens it. */
export function Waiting({ session }: { session: RoomSession }) {
  const heading = useArrival();
  const { socket } = useStore(session.state);
  return (
    <main className="room-card" id="content">
      <span className="waiting-mark">
        <Mark size={64} />
      </span>
      <h1 ref={heading} tabIndex={-1} aria-describedby="waiting-text">
        The host will let you in
      </h1>
      <p className="dim" role="status" id="waiting-text">
        {socket === 'open'
          ? 'They know that you are here. Nobody sees or hears you yet.'
          : 'Connecting again…'}
      </p>
      <Button onPress={() => session.leave()}>Leave</Button>
    </main>
  );
}
