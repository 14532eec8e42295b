import { Mic, MicOff, Settings2, Video, VideoOff } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import type { MeetingView, UserView } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { useArrival } from '../../ui/focus.ts';
import { plural } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Shell } from '../../ui/shell.tsx';
import type { LocalMedia } from '../media/local-media.ts';
import { NetworkCheck } from '../network/network-check.tsx';
import { readKept } from '../preferences.ts';
import { useStore } from '../use-store.ts';
import { Avatar } from '../view/avatar.tsx';
import { Picture } from '../view/picture.tsx';
import { DeviceForm } from './device-form.tsx';
import './lobby.css';

export interface LobbyProps {
  meeting: MeetingView | undefined;
  /** Whoever is signed in. */
  account: UserView | undefined;
  local: LocalMedia;
  isJoining: boolean;
  failure: string | undefined;
  /** Whoever was in the room before. */
  isReturn: boolean;
  onJoin: (name: string, password: string | undefined) => void;
}

/** Before the room: how one looks and sounds, and under which name. */
export function Lobby({
  meeting,
  account,
  local,
  isJoining,
  failure,
  isReturn,
  onJoin,
}: LobbyProps) {
  const heading = useArrival(isReturn);
  const [name, setName] = useState(() => readKept().name);
  const ownName = account?.displayName ?? '';
  useEffect(() => setName((typed) => (typed === '' ? ownName : typed)), [ownName]);
  const [password, setPassword] = useState('');
  useEffect(() => {
    local.open();
  }, [local]);
  const isHost = meeting?.youAreHost === true;
  const needsPassword = meeting?.settings.hasPassword === true && !isHost;
  const isComplete = name.trim() !== '' && (!needsPassword || password !== '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isComplete && !isJoining) onJoin(name.trim(), needsPassword ? password : undefined);
  };
  return (
    <Shell>
      <div className="lobby">
        <LobbyPreview local={local} name={name} picture={account?.picture} />
        <form className="lobby-form" onSubmit={submit}>
          <div className="lobby-head">
            <h1 ref={heading} tabIndex={-1}>
              <bdi>{meeting?.title ?? 'Room'}</bdi>
            </h1>
            <p className="dim">{meeting === undefined ? '' : whoIsThere(meeting, isHost)}</p>
          </div>
          {failure !== undefined && <Notice level="danger">{failure}</Notice>}
          {failure === undefined && meeting?.settings.locked === true && (
            <LockedNotice isHost={isHost} />
          )}
          <TextField
            label="Your name"
            value={name}
            onChange={setName}
            maxLength={60}
            autoComplete="name"
            autoFocus={name === ''}
          />
          {needsPassword && (
            <TextField
              label="Password of the room"
              type="password"
              autoComplete="off"
              value={password}
              onChange={setPassword}
            />
          )}
          <Button
            type="submit"
            look="primary"
            size="large"
            isPending={isJoining}
            isDisabled={!isComplete}
          >
            {meeting?.settings.waitingRoom === true && !isHost ? 'Ask to join' : 'Join'}
          </Button>
          <details className="lobby-devices">
            <summary>
              <Settings2 size={16} aria-hidden="true" />
              Camera, microphone and speaker
            </summary>
            <DeviceForm local={local} />
          </details>
          {meeting !== undefined && <NetworkCheck meetingId={meeting.meetingId} />}
        </form>
      </div>
    </Shell>
  );
}

/** Known before one has typed a name in vain. */
function LockedNotice({ isHost }: { isHost: boolean }) {
  return isHost ? (
    <Notice level="info" title="The room is locked">
      Nobody new comes in but hosts. Unlock it in the room, under People.
    </Notice>
  ) : (
    <Notice level="warn" isUrgent title="The room is locked">
      Nobody new comes in now. Ask the host to unlock it; this page sees that by itself.
    </Notice>
  );
}

function LobbyPreview({
  local,
  name,
  picture,
}: {
  local: LocalMedia;
  name: string;
  picture: string | undefined;
}) {
  const { tracks, problem, isOpening, preferences } = useStore(local.store);
  const { audio: isMicrophoneWanted, video: isCameraWanted } = local.wishes;
  return (
    <section className="lobby-preview" aria-label="How others will see you">
      <div className="lobby-picture">
        {tracks.camera === undefined ? (
          <>
            <Avatar name={name === '' ? 'You' : name} picture={picture} />
            <p className="lobby-note">
              {isOpening && preferences.camera
                ? 'Waiting for the camera: the browser may ask you'
                : 'Your camera is off'}
            </p>
          </>
        ) : (
          <Picture track={tracks.camera} isMirrored label="Your camera" />
        )}
        <div className="lobby-switches">
          <RoundSwitch
            label={isMicrophoneWanted ? 'Mute the microphone' : 'Turn the microphone on'}
            isOn={isMicrophoneWanted}
            onPress={() => local.setMicrophone(!isMicrophoneWanted)}
          >
            {isMicrophoneWanted ? <Mic size={20} /> : <MicOff size={20} />}
          </RoundSwitch>
          <RoundSwitch
            label={isCameraWanted ? 'Turn the camera off' : 'Turn the camera on'}
            isOn={isCameraWanted}
            onPress={() => local.setCamera(!isCameraWanted)}
          >
            {isCameraWanted ? <Video size={20} /> : <VideoOff size={20} />}
          </RoundSwitch>
        </div>
      </div>
      {problem !== undefined && (
        <Notice
          level="warn"
          isUrgent
          action={
            <Button size="small" onPress={() => local.open()}>
              Try again
            </Button>
          }
        >
          {problem.text} You can also join without.
        </Notice>
      )}
    </section>
  );
}

function RoundSwitch({
  label,
  isOn,
  onPress,
  children,
}: {
  label: string;
  isOn: boolean;
  onPress: () => void;
  children: React.ReactNode;
}) {
  return (
    <button
      type="button"
      className="round"
      data-off={!isOn || undefined}
      aria-label={label}
      title={label}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

function whoIsThere({ participantCount, host, settings }: MeetingView, isHost: boolean): string {
  const there =
    participantCount === 0
      ? 'Nobody is here yet'
      : `${plural(participantCount, 'person', 'people')} in the room`;
  const by = host === undefined || isHost ? '' : `, with ${host}`;
  const wait = settings.waitingRoom && !isHost ? '. The host lets people in.' : '';
  return isHost ? `${there}. You are the host.` : `${there}${by}${wait}`;
}
