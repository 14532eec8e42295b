import {
  Captions,
  ChartBar,
  FileDown,
  Headphones,
  Keyboard,
  LayoutGrid,
  Lock,
  Maximize,
  MonitorOff,
  MonitorUp,
  PictureInPicture2,
  Podcast,
  Settings2,
  SlidersHorizontal,
  Split,
  SquareUser,
} from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { useArrival } from '../../ui/focus.ts';
import { Mark } from '../../ui/logo.tsx';
import { ThemeToggle } from '../../ui/shell.tsx';
import { Toggle } from '../../ui/toggle.tsx';
import { useMedia } from '../../ui/use-media.ts';
import { ChatPanel } from '../chat/chat-panel.tsx';
import { saveDiagnostics } from '../diagnostics.ts';
import { DropHere } from '../files/drop-here.tsx';
import { DeviceForm } from '../lobby/device-form.tsx';
import { BreakoutsPanel } from '../panels/breakouts-panel.tsx';
import { PollsPanel } from '../panels/polls-panel.tsx';
import { StagePanel } from '../panels/stage-panel.tsx';
import { PeoplePanel } from '../people/people-panel.tsx';
import { keep, readKept } from '../preferences.ts';
import type { RoomSession } from '../room-session.ts';
import { SettingsDialog } from '../settings/settings-dialog.tsx';
import { isHost, mayWrite, nameOf } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { Banners } from './banners.tsx';
import { Bar, type BarProps } from './bar.tsx';
import { LeaveDialog } from './leave-dialog.tsx';
import { QualityBars } from './quality-bars.tsx';
import { SHORTCUTS } from './shortcuts.ts';
import { Stage } from './stage.tsx';
import { useNewsInTitle } from './use-news-in-title.ts';
import { useShortcuts } from './use-shortcuts.ts';
import { useWakeLock } from './use-wake-lock.ts';
import { routeText } from './words.ts';
import './in-room.css';

type Panel = 'chat' | 'people' | 'polls' | 'breakouts' | 'stage';
type Opened = 'room' | 'settings' | 'keys' | 'leave' | 'log';
const LOCKED = 'Locked: nobody new comes in, hosts excepted';
/** As in the style sheets: the bar has no room for everything. */
const NARROW = '(max-width: 44rem)';

/** The room of a call between two: what is different there. */
export interface InCall {
  /** The other one's name. */
  title: string;
  onHangUp: () => void;
}

/** The room itself. */
export default function InRoom({
  session,
  isOwner = false,
  call,
}: {
  session: RoomSession;
  /** Whether the settings of the room are for this person to change. */
  isOwner?: boolean;
  call?: InCall;
}) {
  const state = useStore(session.state);
  const local = useStore(session.local.store);
  const quality = useStore(session.monitor.quality);
  const [panel, setPanel] = useState<Panel>();
  const [opened, setOpened] = useState<Opened>();
  const [chosenView, setView] = useState<'grid' | 'speaker'>();
  const [isAudioOnly, setAudioOnly] = useState(false);
  const [hasCaptions, setCaptions] = useState(false);
  const [pinned, setPinned] = useState<string>();
  const [hasLetterKeys, setLetterKeys] = useState(() => readKept().hasLetterKeys);
  const { refused } = session.notices;
  const root = useRef<HTMLDivElement>(null);
  const heading = useArrival();
  usePreferences(session, call === undefined);
  useWakeLock();

  const { self, people } = state;
  const isShared = Object.values(people).some(
    ({ screen, breakoutId }) => screen && breakoutId === self?.breakoutId,
  );
  const view = chosenView ?? (isShared ? 'speaker' : 'grid');
  const mayPublish = self?.role !== 'viewer';
  const sharing = state.meeting?.settings.screenShare;
  const mayShare =
    mayPublish &&
    (sharing === 'everyone' || (sharing === 'hosts' && isHost(self))) &&
    'getDisplayMedia' in (navigator.mediaDevices ?? {});
  const isSharing = local.tracks.screen !== undefined;
  const isNarrow = useMedia(NARROW);
  const isHandUp = self?.handRaisedAt !== undefined;
  const waiting = isHost(self) ? state.waiting.length : 0;
  useNewsInTitle(state.unread + waiting, call === undefined ? state.meeting?.title : undefined);

  const toggleMicrophone = async () => {
    if (!mayPublish) return;
    const on = !local.isMicrophoneOn;
    await session.local.setMicrophone(on);
    // A device that fails has a banner of its own.
    if (session.local.state.isMicrophoneOn === on) announce(on ? 'Microphone on' : 'Muted');
  };
  const toggleCamera = async () => {
    if (!mayPublish) return;
    const on = !local.isCameraOn;
    await session.local.setCamera(on);
    if (session.local.state.isCameraOn === on) announce(on ? 'Camera on' : 'Camera off');
  };
  const toggleShare = () => {
    if (isSharing) session.local.stopShare();
    else if (mayShare) session.local.share();
  };
  const toggleHand = async () => {
    const isDone = await session.do({ type: isHandUp ? 'hand-lower' : 'hand-raise' }, refused);
    if (isDone) announce(isHandUp ? 'Hand lowered' : 'Hand raised');
  };
  const togglePanel = (wanted: Panel) => setPanel(panel === wanted ? undefined : wanted);
  const toggleView = () => {
    const next = view === 'grid' ? 'speaker' : 'grid';
    setView(next);
    announce(next === 'grid' ? 'Grid view' : 'Speaker view');
  };
  const toggleFullscreen = () => {
    if (document.fullscreenElement !== null) document.exitFullscreen();
    else root.current?.requestFullscreen?.().catch(() => {});
  };
  const actions: Parameters<typeof useShortcuts>[0] = {
    microphone: toggleMicrophone,
    camera: toggleCamera,
    share: toggleShare,
    hand: toggleHand,
    chat: () => togglePanel('chat'),
    people: () => togglePanel('people'),
    view: toggleView,
    fullscreen: toggleFullscreen,
    help: () => setOpened('keys'),
    talk: (on) => {
      if (mayPublish) session.local.setMicrophone(on, 'here');
    },
    mayTalk: () => mayPublish && !session.local.state.isMicrophoneOn,
  };
  useShortcuts(actions, hasLetterKeys);

  const icon = (Icon: typeof Captions) => <Icon size={16} aria-hidden="true" />;
  const more: BarProps['more'] = [
    ...(mayShare && isNarrow
      ? [
          {
            id: 'share',
            label: isSharing ? 'Stop sharing' : 'Share screen',
            icon: icon(isSharing ? MonitorOff : MonitorUp),
            onAction: toggleShare,
          },
        ]
      : []),
    {
      id: 'view',
      label: view === 'grid' ? 'Speaker view' : 'Grid view',
      icon: icon(view === 'grid' ? SquareUser : LayoutGrid),
      onAction: toggleView,
    },
    { id: 'full', label: 'Full screen', icon: icon(Maximize), onAction: toggleFullscreen },
    {
      id: 'pip',
      label: 'Picture in picture',
      icon: icon(PictureInPicture2),
      onAction: () => pictureInPicture(root.current, refused),
    },
    {
      id: 'audio',
      label: isAudioOnly ? 'Show pictures again' : 'Sound only',
      icon: icon(Headphones),
      onAction: () => setAudioOnly(!isAudioOnly),
    },
    {
      id: 'captions',
      label: hasCaptions ? 'Hide captions' : 'Show captions',
      icon: icon(Captions),
      onAction: () => setCaptions(!hasCaptions),
    },
    {
      id: 'polls',
      label: 'Polls',
      icon: icon(ChartBar),
      onAction: () => setPanel('polls'),
    },
    ...(isHost(self) && call === undefined
      ? [
          {
            id: 'breakouts',
            label: 'Breakout rooms',
            icon: icon(Split),
            onAction: () => setPanel('breakouts'),
          },
        ]
      : []),
    ...(self?.role === 'host' && call === undefined
      ? [
          {
            id: 'stage',
            label: state.stage === undefined ? 'Go on stage' : 'On stage',
            icon: icon(Podcast),
            onAction: () => setPanel('stage'),
          },
        ]
      : []),
    ...(isOwner
      ? [
          {
            id: 'room',
            label: 'Room settings',
            icon: icon(SlidersHorizontal),
            onAction: () => setOpened('room'),
          },
        ]
      : []),
    {
      id: 'settings',
      label: 'Camera and sound',
      icon: icon(Settings2),
      onAction: () => setOpened('settings'),
    },
    {
      id: 'log',
      label: 'Save a diagnostic log',
      icon: icon(FileDown),
      onAction: () => setOpened('log'),
    },
    { id: 'keys', label: 'Keys', icon: icon(Keyboard), onAction: () => setOpened('keys') },
  ];

  const own = self === undefined ? undefined : quality[self.participantId];
  const count = Object.keys(people).length + 1;
  const routeReason = routeText(state.route, count, call === undefined ? 'room' : 'call');
  return (
    <div className="room" ref={root} data-panel={panel}>
      <header className="room-head">
        <a className="room-home" href="/" aria-label="Amphi, home" target="_blank" rel="noreferrer">
          <Mark size={24} />
        </a>
        <h1 className="room-title" ref={heading} tabIndex={-1}>
          <bdi>{call?.title ?? state.meeting?.title}</bdi>
        </h1>
        <span className="room-route" title={routeReason}>
          {state.route.peers === 'mesh' ? 'Direct' : 'Call server'}
          <span className="visually-hidden">: {routeReason}</span>
        </span>
        {state.meeting?.settings.locked === true && (
          <span className="room-locked" role="img" aria-label={LOCKED} title={LOCKED}>
            <Lock size={15} aria-hidden="true" />
          </span>
        )}
        {state.stage !== undefined && (
          <span
            className="room-on-stage"
            title={`Viewers of the event ${state.stage.eventId} see and hear this room`}
          >
            On stage
          </span>
        )}
        {own !== undefined && <QualityBars quality={own} />}
        <span className="room-end">
          <Button
            size="small"
            look="plain"
            icon={icon(view === 'grid' ? SquareUser : LayoutGrid)}
            onPress={toggleView}
          >
            {view === 'grid' ? 'Speaker' : 'Grid'}
          </Button>
          <ThemeToggle />
        </span>
      </header>
      <main className="room-main" id="content" tabIndex={-1}>
        <Banners
          session={session}
          isAudioOnly={isAudioOnly}
          onPictures={() => setAudioOnly(false)}
          onPolls={panel === 'polls' ? undefined : () => setPanel('polls')}
        />
        <Stage
          session={session}
          view={pinned === undefined ? view : 'speaker'}
          isAudioOnly={isAudioOnly}
          pinned={pinned}
          onPin={setPinned}
        />
        <ul className="reactions" aria-live="off">
          {state.reactions.map(({ key, from, emoji }) => (
            <li key={key}>
              <span className="reaction-emoji">{emoji}</span>
              <bdi>{from === session.selfId ? 'You' : nameOf(state, from)}</bdi>
            </li>
          ))}
        </ul>
        {hasCaptions && (
          <section className="captions" aria-label="Captions" aria-live="polite">
            Captions are not available on this server yet.
          </section>
        )}
      </main>
      {panel === 'chat' && <ChatPanel session={session} onClose={() => setPanel(undefined)} />}
      {panel === 'people' && (
        <PeoplePanel
          session={session}
          isCall={call !== undefined}
          onClose={() => setPanel(undefined)}
          onRefused={refused}
        />
      )}
      {panel === 'polls' && (
        <PollsPanel session={session} onClose={() => setPanel(undefined)} onRefused={refused} />
      )}
      {panel === 'breakouts' && (
        <BreakoutsPanel session={session} onClose={() => setPanel(undefined)} onRefused={refused} />
      )}
      {panel === 'stage' && (
        <StagePanel session={session} onClose={() => setPanel(undefined)} onRefused={refused} />
      )}
      <DropHere
        isAllowed={mayWrite(state)}
        onFiles={(files) => {
          setPanel('chat');
          session.attachments.add(files);
        }}
      />
      <Bar
        isMicrophoneOn={local.isMicrophoneOn}
        isCameraOn={local.isCameraOn}
        isSharing={isSharing}
        isHandUp={isHandUp}
        mayPublish={mayPublish}
        mayShare={mayShare && !isNarrow}
        unread={state.unread}
        people={count}
        waiting={waiting}
        panel={panel}
        hasKeys={hasLetterKeys}
        onMicrophone={toggleMicrophone}
        onCamera={toggleCamera}
        onShare={toggleShare}
        onHand={toggleHand}
        onReaction={(emoji) => session.do({ type: 'reaction', emoji }, refused)}
        onPanel={togglePanel}
        onLeave={() => (call === undefined ? setOpened('leave') : call.onHangUp())}
        leaveLabel={call === undefined ? undefined : 'Hang up'}
        more={more}
      />
      <Dialog
        title="Camera and sound"
        isOpen={opened === 'settings'}
        onClose={() => setOpened(undefined)}
      >
        <DeviceForm local={session.local} />
      </Dialog>
      {isOwner && state.meeting !== undefined && (
        <SettingsDialog
          meeting={state.meeting}
          isOpen={opened === 'room'}
          onClose={() => setOpened(undefined)}
        />
      )}
      <Dialog title="Keys" isOpen={opened === 'keys'} onClose={() => setOpened(undefined)}>
        <dl className="keys">
          {SHORTCUTS.map(({ key, text }) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
        <Toggle
          isOn={hasLetterKeys}
          onChange={(on) => {
            setLetterKeys(on);
            keep({ hasLetterKeys: on });
          }}
        >
          Letters do this; off, only Space does
        </Toggle>
      </Dialog>
      <ConfirmDialog
        title="Save a diagnostic log?"
        action="Save"
        look="primary"
        isOpen={opened === 'log'}
        onClose={() => setOpened(undefined)}
        onConfirm={() => saveDiagnostics(session)}
      >
        It has the state of the room and of its connections: your browser, network addresses, the
        settings of your devices, and who was muted or shared a screen, by number. It has no names,
        no titles, no chat, no polls, no sound and no pictures. It stays on this device until you
        send it to somebody.
      </ConfirmDialog>
      <LeaveDialog
        session={session}
        isHost={self?.role === 'host'}
        isOpen={opened === 'leave'}
        onClose={() => setOpened(undefined)}
      />
    </div>
  );
}

/** What is chosen here holds in the next room, too. */
function usePreferences(session: RoomSession, isKept: boolean): void {
  const { preferences } = useStore(session.local.store);
  useEffect(() => {
    // Whether a call is with or without camera says nothing of the next room.
    if (isKept) keep({ preferences });
  }, [preferences, isKept]);
}

function pictureInPicture(root: HTMLElement | null, onRefused: (text: string) => void): void {
  const video =
    root?.querySelector<HTMLVideoElement>('[data-role=main] video') ??
    root?.querySelector<HTMLVideoElement>('.tile video');
  if (document.pictureInPictureElement !== null) {
    document.exitPictureInPicture();
  } else if (video === null || video === undefined || !('requestPictureInPicture' in video)) {
    onRefused('There is no picture that could stand beside other windows.');
  } else {
    video.requestPictureInPicture().catch(() => onRefused('The browser did not allow it.'));
  }
}
