import { lazy, Suspense, useEffect, useState } from 'react';
import type { JoinedMeeting, MeetingView, UserView } from '#contracts';
import { call, Problem, textOf } from '../api/client.ts';
import type { SessionView } from '../api/queries.ts';
import type { FilePlace } from './files/transfer.ts';
import { hostTokenOf } from './host-token.ts';
import { Lobby } from './lobby/lobby.tsx';
import { LocalMedia } from './media/local-media.ts';
import { prepare } from './media/prepared.ts';
import { keep, readKept } from './preferences.ts';
import type { RoomSession } from './room-session.ts';
import type { Ending } from './state/room-state.ts';
import { useStore } from './use-store.ts';
import { Over, Unavailable } from './view/over.tsx';
import { Waiting } from './view/waiting.tsx';
import './room.css';
import './view/outside.css';

const loadRoom = () => import('./view/in-room.tsx');
const loadSession = () => import('./room-session.ts');
const InRoom = lazy(loadRoom);

type Stage =
  | { name: 'loading' }
  | { name: 'unavailable'; problem: Problem }
  | { name: 'lobby'; failure?: string; isReturn?: boolean }
  | { name: 'joining' }
  | { name: 'joined'; session: RoomSession }
  | { name: 'over'; ending: Ending; place: FilePlace | undefined };

/** A room from its door to its end. */
export function RoomPage({ meetingId }: { meetingId: string }) {
  const [stage, setStage] = useState<Stage>({ name: 'loading' });
  const [meeting, setMeeting] = useState<MeetingView>();
  const [local, setLocal] = useState(() => new LocalMedia(readKept().preferences));
  const account = useAccount();
  const [visit, setVisit] = useState(0);
  useMeeting(meetingId, visit, setMeeting, setStage);
  usePreload();

  useEffect(() => {
    document.title = meeting === undefined ? 'Room – Amphi' : `${meeting.title} – Amphi`;
  }, [meeting]);

  const join = async (name: string, password: string | undefined) => {
    keep({ name, preferences: local.state.preferences });
    setStage({ name: 'joining' });
    try {
      const joined = await call<JoinedMeeting>(
        'POST',
        `/api/meetings/${encodeURIComponent(meetingId)}/join`,
        {
          token: hostTokenOf(meetingId),
          body: {
            displayName: name,
            ...(password === undefined ? {} : { password }),
            ...(account === undefined ? {} : { userId: account.userId }),
          },
        },
      );
      const { RoomSession } = await loadSession();
      const session = new RoomSession(meetingId, joined, local);
      // For the console, and for tests that look behind the picture.
      Object.assign(document.getElementById('root') ?? {}, { session });
      setStage({ name: 'joined', session });
    } catch (error) {
      setStage({ name: 'lobby', failure: textOf(error) });
    }
  };
  const again = () => {
    setLocal(new LocalMedia(readKept().preferences));
    setStage({ name: 'lobby', isReturn: true });
    // It may be another one by now: locked, fuller, or over.
    setVisit(visit + 1);
  };

  switch (stage.name) {
    case 'loading':
      return <Loading />;
    case 'unavailable':
      return <Unavailable problem={stage.problem} />;
    case 'lobby':
    case 'joining':
      return (
        <Lobby
          meeting={meeting}
          account={account}
          local={local}
          isJoining={stage.name === 'joining'}
          isReturn={stage.name === 'lobby' && stage.isReturn === true}
          failure={stage.name === 'lobby' ? stage.failure : undefined}
          onJoin={join}
        />
      );
    case 'joined':
      return (
        <Suspense fallback={<Loading />}>
          <Joined
            session={stage.session}
            onOver={(ending) => setStage({ name: 'over', ending, place: askedOf(stage.session) })}
          />
        </Suspense>
      );
    case 'over':
      return <Over ending={stage.ending} meeting={meeting} place={stage.place} onAgain={again} />;
  }
}

/** Only who was in the room can say how it was; who was put out of it is not asked. */
function askedOf({ state, files }: RoomSession): FilePlace | undefined {
  const { self, ending } = state.get();
  const isAsked = ending?.why === 'left' || ending?.why === 'ended' || ending?.why === 'lost';
  return self !== undefined && isAsked ? files : undefined;
}

function Joined({ session, onOver }: { session: RoomSession; onOver: (ending: Ending) => void }) {
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
  if (phase === 'in' && hasAsked) return <InRoom session={session} />;
  return <Loading />;
}

/** What the room is, before one is in it: asked for on each visit. */
function useMeeting(
  meetingId: string,
  visit: number,
  setMeeting: (meeting: MeetingView) => void,
  setStage: (change: (stage: Stage) => Stage) => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: each visit asks anew.
  useEffect(() => {
    const open = () => setStage((stage) => (stage.name === 'loading' ? { name: 'lobby' } : stage));
    const close = (problem: Problem) =>
      setStage((stage) => {
        // Whoever comes again knows the room: only that it is gone matters then.
        const isClosed =
          stage.name === 'loading' ||
          (stage.name === 'lobby' && (problem.status === 404 || problem.status === 410));
        return isClosed ? { name: 'unavailable', problem } : stage;
      });
    const life = new AbortController();
    call<MeetingView>('GET', `/api/meetings/${encodeURIComponent(meetingId)}`, {
      token: hostTokenOf(meetingId),
      signal: life.signal,
    }).then(
      (meeting) => {
        if (life.signal.aborted) return;
        setMeeting(meeting);
        if (meeting.status === 'ended') {
          close(new Problem('meeting_ended', 410, 'This meeting has ended.'));
        } else {
          open();
        }
      },
      (error: unknown) => {
        if (life.signal.aborted) return;
        close(error instanceof Problem ? error : new Problem('internal', 0, textOf(error)));
      },
    );
    return () => life.abort();
  }, [meetingId, visit, setMeeting, setStage]);
}

/** The account that is signed in, if any: its picture stands for this person while the camera is off. */
function useAccount(): UserView | undefined {
  const [account, setAccount] = useState<UserView>();
  useEffect(() => {
    const life = new AbortController();
    call<SessionView>('GET', '/api/sessions/current', { signal: life.signal }).then(
      ({ user }) => {
        if (!life.signal.aborted) setAccount(user);
      },
      () => {},
    );
    return () => life.abort();
  }, []);
  return account;
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
