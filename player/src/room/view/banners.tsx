import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { pageContent, useFocusReturn } from '../../ui/focus.ts';
import { Countdown } from '../panels/countdown.tsx';
import type { RoomSession } from '../room-session.ts';
import { isHost, nameOf, type RoomState } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import './banners.css';

/** What must be known or decided now, above the pictures. */
export function Banners({
  session,
  isAudioOnly,
  onPictures,
  onPolls,
  note,
  onNoteSeen,
}: {
  session: RoomSession;
  isAudioOnly: boolean;
  onPictures: () => void;
  /** Undefined while the polls are on the page already. */
  onPolls: (() => void) | undefined;
  note: string | undefined;
  onNoteSeen: () => void;
}) {
  const state = useStore(session.state);
  const { problem } = useStore(session.local.store);
  const isSoundBlocked = useStore(session.isSoundBlocked);
  const quality = useStore(session.monitor.quality)[session.selfId];
  const [firstWaiting] = state.waiting;
  const admit = () => {
    if (firstWaiting === undefined) return;
    const { participantId } = firstWaiting;
    session.do({ type: 'admit', participantId }, () => {});
  };
  return (
    <div className="banners">
      {state.socket !== 'open' && (
        <Banner level="warn" role="status">
          The connection broke. It is made again by itself; sound and pictures may go on meanwhile.
        </Banner>
      )}
      {isSoundBlocked && (
        <Banner
          level="warn"
          role="alert"
          actions={
            <Button size="small" look="primary" onPress={() => session.resumeSound()}>
              Turn the sound on
            </Button>
          }
        >
          The browser keeps this page silent until you press something.
        </Banner>
      )}
      {state.askedBy !== undefined && (
        <Banner
          level="info"
          role="alert"
          actions={
            <>
              <Button size="small" onPress={() => session.askedAnswered()}>
                Stay muted
              </Button>
              <Button
                size="small"
                look="primary"
                onPress={() => {
                  session.askedAnswered();
                  session.local.setMicrophone(true);
                }}
              >
                Unmute
              </Button>
            </>
          }
        >
          <bdi>{nameOf(state, state.askedBy)}</bdi> asks you to unmute.
        </Banner>
      )}
      {isHost(state.self) && firstWaiting !== undefined && (
        <Banner
          level="info"
          actions={
            <>
              {state.waiting.length > 1 && (
                <Button size="small" onPress={() => session.do({ type: 'admit-all' }, () => {})}>
                  Admit all
                </Button>
              )}
              <Button size="small" look="primary" onPress={admit}>
                Admit
              </Button>
            </>
          }
        >
          <bdi>{firstWaiting.displayName}</bdi>
          {state.waiting.length > 1 && ` and ${state.waiting.length - 1} more`} would like to come
          in.
        </Banner>
      )}
      <BreakoutBanner state={state} />
      <PollBanner state={state} onPolls={onPolls} />
      {problem !== undefined && (
        <Banner
          level="warn"
          actions={
            <Button size="small" onPress={() => session.local.dismissProblem()}>
              OK
            </Button>
          }
        >
          {problem.text}
        </Banner>
      )}
      {quality !== undefined && quality.bars === 1 && (
        <Banner level="warn" role="status">
          Your connection is very bad: {quality.reason}. Turning off the camera, or moving nearer to
          the Wi-Fi, helps.
        </Banner>
      )}
      {isAudioOnly && (
        <Banner
          level="info"
          actions={
            <Button size="small" onPress={onPictures}>
              Show pictures
            </Button>
          }
        >
          Sound only: pictures of the others are not loaded.
        </Banner>
      )}
      {note !== undefined && (
        <Banner
          level="warn"
          role="alert"
          actions={
            <Button size="small" onPress={onNoteSeen}>
              OK
            </Button>
          }
        >
          {note}
        </Banner>
      )}
    </div>
  );
}

function BreakoutBanner({ state }: { state: RoomState }) {
  const { breakouts, self } = state;
  const here = breakouts?.rooms.find(({ breakoutId }) => breakoutId === self?.breakoutId);
  if (breakouts === undefined || here === undefined) return null;
  return (
    <Banner level="info" role="status">
      You are in <bdi>{here.name}</bdi>.
      {breakouts.endsAt !== undefined && (
        <>
          {' '}
          Back to the main room in{' '}
          <Countdown to={breakouts.endsAt} offsetMs={state.clockOffsetMs} />.
        </>
      )}
    </Banner>
  );
}

/** A question that nobody here has looked at yet. */
function PollBanner({ state, onPolls }: { state: RoomState; onPolls: (() => void) | undefined }) {
  const [seen, setSeen] = useState<string>();
  const poll = state.polls.findLast(({ open }) => open);
  const pollId = poll?.pollId;
  useEffect(() => {
    if (onPolls === undefined) setSeen(pollId);
  }, [onPolls, pollId]);
  if (poll === undefined || onPolls === undefined || seen === pollId) return null;
  return (
    <Banner
      level="info"
      role="status"
      actions={
        <>
          <Button size="small" onPress={() => setSeen(pollId)}>
            Later
          </Button>
          <Button size="small" look="primary" onPress={onPolls}>
            Answer
          </Button>
        </>
      }
    >
      Poll: <bdi>{poll.question}</bdi>
    </Banner>
  );
}

function Banner({
  level,
  role,
  actions,
  children,
}: {
  level: 'info' | 'warn';
  role?: 'status' | 'alert';
  actions?: ReactNode;
  children: ReactNode;
}) {
  const own = useRef<HTMLDivElement>(null);
  // Most are gone once they are answered.
  useFocusReturn(own, pageContent);
  return (
    <div ref={own} className="banner" data-level={level} role={role}>
      <p>{children}</p>
      {actions !== undefined && <div className="banner-actions">{actions}</div>}
    </div>
  );
}
