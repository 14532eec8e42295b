import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { JoinedMeeting, MeetingView } from '#contracts';
import { call, Problem, textOf } from '../api/client.ts';
import type { SessionView } from '../api/queries.ts';
import { hush } from '../ui/announce.ts';
import type { FilePlace } from './files/transfer.ts';
import { hostTokenOf } from './host-token.ts';
import { Lobby } from './lobby/lobby.tsx';
import { whileSeen } from './lobby/while-seen.ts';
import { LocalMedia } from './media/local-media.ts';
import { prepare } from './media/prepared.ts';
import { keep, readKept } from './preferences.ts';
import type { RoomSession } from './room-session.ts';
import { REJOINED } from './state/notices.ts';
import type { Ending } from './state/room-state.ts';
import { useStore } from './use-store.ts';
import { Over, Unavailable } from './view/over.tsx';
import { Waiting } from './view/waiting.tsx';
import './room.css';
import './view/outside.css';

/** Who waits in the lobby sees within this time who came, that it was locked, or that it is over. */
const ASK_EVERY_MS = 10_000;

/** Who was away for longer has gone, or their device slept: nobody comes in again, seen and heard, without being asked. */
const REJOIN_WITHIN_MS = 5 * 60_000;

const loadRoom = () => import('./view/in-room.tsx');
const loadSession = () => import('./room-session.ts');
const InRoom = lazy(loadRoom);

type Stage =
  | { name: 'loading' }
  | { name: 'unavailable'; problem: Problem }
  | { name: 'lobby'; failure?: Failure; isReturn?: boolean }
  | { name: 'joining' | 'rejoining' }
  | { name: 'joined'; session: RoomSession }
  | { name: 'over'; ending: Ending; place: FilePlace | undefined };

/** With what one comes in. */
interface Way {
  name: string;
  password: string | undefined;
}

/** Why one was not let in; `code` where the server said it. */
interface Failure {
  code: string | undefined;
  text: string;
}

/** A room from its door to its end. */
export function RoomPage({ meetingId }: { meetingId: string }) {
  const [stage, setStage] = useState<Stage>({ name: 'loading' });
  const [meeting, setMeeting] = useState<MeetingView>();
  const [local, setLocal] = useState(() => new LocalMedia(readKept().preferences));
  const session = useSession();
  const account = session?.user;
  const isOutside = stage.name === 'loading' || stage.name === 'lobby';
  useMeeting(meetingId, isOutside, setMeeting, setStage);
  usePreload();
  const isHost = meeting?.youAreHost ?? hostTokenOf(meetingId) !== undefined;
  const mayMakeRooms = session?.admin === true || account !== undefined;
  const mayStartAnother = isHost && mayMakeRooms;

  useEffect(() => {
    document.title = meeting === undefined ? 'Room – Amphi' : `${meeting.title} – Amphi`;
  }, [meeting]);
  useEffect(() => {
    // What was said in the room is of no use outside.
    if (stage.name === 'lobby' || stage.name === 'over') hush();
  }, [stage.name]);

  /** How one came in last. */
  const entered = useRef<Way>(undefined);

  const join = async (way: Way, local: LocalMedia, name: 'joining' | 'rejoining' = 'joining') => {
    entered.current = way;
    keep({ name: way.name, preferences: local.state.preferences });
    setStage({ name });
    try {
      const joined = await call<JoinedMeeting>(
        'POST',
        `/api/meetings/${encodeURIComponent(meetingId)}/join`,
        {
          token: hostTokenOf(meetingId),
          body: {
            displayName: way.name,
            ...(way.password === undefined ? {} : { password: way.password }),
            ...(account === undefined ? {} : { userId: account.userId }),
          },
        },
      );
      const { RoomSession } = await loadSession();
      const session = new RoomSession(meetingId, joined, local);
      if (name === 'rejoining') session.notices.show(REJOINED);
      // For the console, and for tests that look behind the picture.
      Object.assign(document.getElementById('root') ?? {}, { session });
      setStage({ name: 'joined', session });
    } catch (error) {
      const code = error instanceof Problem ? error.code : undefined;
      setStage({ name: 'lobby', failure: { code, text: textOf(error) } });
    }
  };
  const again = () => {
    setLocal(new LocalMedia(readKept().preferences));
    setStage({ name: 'lobby', isReturn: true });
  };
  const over = async (session: RoomSession, ending: Ending) => {
    const { current: way } = entered;
    const isLate = ending.why === 'lost' && ending.givenUp === true;
    if (!isLate || session.awayMs > REJOIN_WITHIN_MS || way === undefined) {
      setStage({ name: 'over', ending, place: askedOf(session) });
      return;
    }
    // The network is back, later than the room waits: in again, as one was.
    const { state, wishes } = session.local;
    const renewed = new LocalMedia(state.preferences, wishes);
    setLocal(renewed);
    setStage({ name: 'rejoining' });
    await renewed.open();
    await join(way, renewed, 'rejoining');
  };

  switch (stage.name) {
    case 'loading':
    case 'rejoining':
      return <Loading />;
    case 'unavailable':
      return <Unavailable problem={stage.problem} mayStartAnother={mayStartAnother} />;
    case 'lobby':
    case 'joining':
      return (
        <Lobby
          meeting={meeting}
          account={account}
          local={local}
          isJoining={stage.name === 'joining'}
          isReturn={stage.name === 'lobby' && stage.isReturn === true}
          failure={stage.name === 'lobby' ? stage.failure?.text : undefined}
          onJoin={(name, password) => join({ name, password }, local)}
        />
      );
    case 'joined':
      return (
        <Suspense fallback={<Loading />}>
          <Joined
            session={stage.session}
            isOwner={isHost}
            onOver={(ending) => over(stage.session, ending)}
          />
        </Suspense>
      );
    case 'over':
      return (
        <Over
          ending={stage.ending}
          meeting={meeting}
          place={stage.place}
          mayStartAnother={mayStartAnother}
          onAgain={again}
        />
      );
  }
}

/** Only who was in the room can say how it was; who was put out of it is not asked. */
function askedOf({ state, files }: RoomSession): FilePlace | undefined {
  const { self, ending } = state.get();
  const isAsked = ending?.why === 'left' || ending?.why === 'ended' || ending?.why === 'lost';
  return self !== undefined && isAsked ? files : undefined;
}

function Joined({
  session,
  isOwner,
  onOver,
}: {
  session: RoomSession;
  isOwner: boolean;
  onOver: (ending: Ending) => void;
}) {
  const { phase, ending } = useStore(session.state);
  // To draw the room takes a while, in which nothing else is done: that is for when an answer is awaited.
  const hasAsked = useStore(session.hasAsked);
  useEffect(() => {
    if (phase === 'over' && ending !== undefined) onOver(ending);
  }, [phase, ending, onOver]);
  useEffect(() => {
    // Also for a page that is kept and shown again: it says that the room was left.
    const leave = () => session.leave();
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [session]);
  if (phase === 'waiting') return <Waiting session={session} />;
  if (phase === 'in' && hasAsked) return <InRoom session={session} isOwner={isOwner} />;
  return <Loading />;
}

/** What the room is, asked for as long as one stands before it: it may be locked, fuller, or over by now. */
function useMeeting(
  meetingId: string,
  isOutside: boolean,
  setMeeting: (meeting: MeetingView) => void,
  setStage: (change: (stage: Stage) => Stage) => void,
): void {
  useEffect(() => {
    if (!isOutside) return;
    const open = ({ settings }: MeetingView) =>
      setStage((stage) => {
        if (stage.name === 'loading') return { name: 'lobby' };
        const isOpenAgain =
          stage.name === 'lobby' && stage.failure?.code === 'meeting_locked' && !settings.locked;
        return isOpenAgain ? { name: 'lobby' } : stage;
      });
    const close = (problem: Problem) =>
      setStage((stage) => {
        // Whoever knows the room already: only that it is gone matters then.
        const isClosed =
          stage.name === 'loading' ||
          (stage.name === 'lobby' && (problem.status === 404 || problem.status === 410));
        return isClosed ? { name: 'unavailable', problem } : stage;
      });
    let asking: AbortController | undefined;
    const ask = () => {
      // The newer answer counts; one that has not come yet will not.
      asking?.abort();
      asking = new AbortController();
      const { signal } = asking;
      call<MeetingView>('GET', `/api/meetings/${encodeURIComponent(meetingId)}`, {
        token: hostTokenOf(meetingId),
        signal,
      }).then(
        (meeting) => {
          if (signal.aborted) return;
          setMeeting(meeting);
          if (meeting.status === 'ended') {
            close(new Problem('meeting_ended', 410, 'This meeting has ended.'));
          } else {
            open(meeting);
          }
        },
        (error: unknown) => {
          if (signal.aborted) return;
          close(error instanceof Problem ? error : new Problem('internal', 0, textOf(error)));
        },
      );
    };
    const stop = whileSeen(ASK_EVERY_MS, ask);
    return () => {
      stop();
      asking?.abort();
    };
  }, [meetingId, isOutside, setMeeting, setStage]);
}

/** Who is signed in, if anybody: an account's picture stands for this person while the camera is off. */
function useSession(): SessionView | undefined {
  const [session, setSession] = useState<SessionView>();
  useEffect(() => {
    const life = new AbortController();
    call<SessionView>('GET', '/api/sessions/current', { signal: life.signal }).then(
      (session) => {
        if (!life.signal.aborted) setSession(session);
      },
      () => {},
    );
    return () => life.abort();
  }, []);
  return session;
}

/** While somebody looks at themselves in the lobby, the room itself is fetched. */
function usePreload(): void {
  useEffect(() => {
    loadSession();
    loadRoom();
    prepare();
  }, []);
}

function Loading() {
  return (
    <main className="room-loading" aria-busy="true">
      <p role="status">Opening the room…</p>
    </main>
  );
}
