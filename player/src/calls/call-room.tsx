import { useEffect, useRef } from 'react';
import type { RoomSession } from '../room/room-session.ts';
import { useStore } from '../room/use-store.ts';
import InRoom from '../room/view/in-room.tsx';
import type { Peer } from './state/calls-state.ts';
import '../room/room.css';

/** The other one has so long to come into the room. */
const COME_WITHIN_MS = 20_000;

/** The room of a call: when one of the two goes, it is over for both. */
export default function CallRoom({
  session,
  peer,
  onHangUp,
}: {
  session: RoomSession;
  peer: Peer;
  onHangUp: (note?: string) => void;
}) {
  const { phase, ending, people } = useStore(session.state);
  const isTogether = Object.keys(people).length > 0;
  const wasTogether = useRef(false);
  const hangUp = useRef(onHangUp);
  useEffect(() => {
    hangUp.current = onHangUp;
  });
  const name = peer.displayName;
  useEffect(() => {
    if (isTogether) {
      wasTogether.current = true;
      return;
    }
    if (wasTogether.current) {
      hangUp.current(`The call with ${name} is over.`);
      return;
    }
    const timer = setTimeout(
      () => hangUp.current(`${name} did not come into the call.`),
      COME_WITHIN_MS,
    );
    return () => clearTimeout(timer);
  }, [isTogether, name]);
  useEffect(() => {
    if (phase !== 'over') return;
    hangUp.current(ending?.why === 'lost' ? ending.text : `The call with ${name} is over.`);
  }, [phase, ending, name]);
  const isIn = phase === 'in';
  if (!isIn) {
    return (
      <main className="calls-opening" aria-busy="true">
        <p role="status">
          Connecting to <bdi>{name}</bdi>…
        </p>
      </main>
    );
  }
  return <InRoom session={session} call={{ title: name, onHangUp: () => onHangUp() }} />;
}
