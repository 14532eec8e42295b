import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { pageContent, useFocusReturn } from '../../ui/focus.ts';
import { Countdown } from '../panels/countdown.tsx';
import type { RoomSession } from '../room-session.ts';
import type { ShownNotice } from '../state/notices.ts';
import { isHost, nameOf, type RoomState } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import './banners.css';

/** Long enough to be read by who looks at something else just then. */
const NOTICE_MS = 12_000;

const WEAK_NETWORK = 'Turning off the camera, or moving nearer to the Wi-Fi, helps.';

/** What must be known or decided now, above the pictures. */
export function Banners({
  session,
  isAudioOnly,
  onPictures,
  onPolls,
}: {
  session: RoomSession;
  isAudioOnly: boolean;
  onPictures: () => void;
  /** Undefined while the polls are on the page already. */
  onPolls: (() => void) | undefined;
}) {
  const state = useStore(session.state);
  const { problem } = useStore(session.local.store);
  const notices = useStore(session.notices.shown);
  const { refused } = session.notices;
  const isSoundBlocked = useStore(session.isSoundBlocked);
  const quality = useStore(session.monitor.quality)[session.selfId];
  const [firstWaiting] = state.waiting;
  const admit = () => {
    if (firstWaiting === undefined) return;
    const { participantId } = firstWaiting;
    session.do({ type: 'admit', participantId }, refused);
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
                  session.local.setMicrophone(true, 'here');
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
                <Button size="small" onPress={() => session.do({ type: 'admit-all' }, refused)}>
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
          role="alert"
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
          Your connection is very bad: {quality.reason}. {quality.advice ?? WEAK_NETWORK}
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
      {notices.map((notice) => (
        <NoticeBanner
          key={notice.key}
          notice={notice}
          onSeen={() => session.notices.dismiss(notice.key)}
        />
      ))}
    </div>
  );
}

/** Goes by itself after a while, of which only the time counts in which the page is seen. */
function NoticeBanner({
  notice: { level, who, text },
  onSeen,
}: {
  notice: ShownNotice;
  onSeen: () => void;
}) {
  const latest = useRef(onSeen);
  useEffect(() => {
    latest.current = onSeen;
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(() => latest.current(), NOTICE_MS);
    };
    begin();
    document.addEventListener('visibilitychange', begin);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', begin);
    };
  }, []);
  return (
    <Banner
      level={level}
      role="alert"
      actions={
        <Button size="small" onPress={onSeen}>
          OK
        </Button>
      }
    >
      {who !== undefined && (
        <>
          <bdi>{who}</bdi>{' '}
        </>
      )}
      {text}
    </Banner>
  );
}

function BreakoutBanner({ state }: { state: RoomState }) {
  const { breakouts, self } = state;
  const here = breakouts?.rooms.find(({ breakoutId }) => breakoutId === self?.breakoutId);
  if (breakouts === undefined || here === undefined) return null;
  return (
    <Banner level="info">
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
