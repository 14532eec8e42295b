import { Mic, MicOff, MonitorUp, Video, VideoOff, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ToggleButton } from 'react-aria-components';
import type { EventView, NewSource } from '#contracts';
import { textOf } from '../../api/client.ts';
import { LevelMeter } from '../../devices/index.ts';
import { announce } from '../../ui/announce.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { buttonClass } from '../../ui/button-class.ts';
import { Select } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useAddSource } from '../event/changes.ts';
import { figuresText, STATE_WORDS, troubleText } from './state-words.ts';
import { type Camera, useCamera } from './use-camera.ts';
import { type Sending, useSending } from './use-sending.ts';
import '../../ui/status.css';
import './camera-panel.css';

const NEW_SOURCE = 'new';

/** This device's camera, microphone or screen as a source of the event. */
export function CameraPanel({ event, onClose }: { event: EventView; onClose: () => void }) {
  const camera = useCamera();
  const sending = useSending(event.eventId, camera);
  const { state } = sending;
  const isSending = state.name !== 'idle' && state.name !== 'failed';
  useSpoken(state.name);
  const problem = state.name === 'failed' ? state.problem : camera.problem;
  return (
    <section className="camera panel" aria-labelledby="camera-title">
      <div className="camera-head">
        <h2 id="camera-title">This device</h2>
        <span className="state-tag camera-state" data-state={state.name}>
          {STATE_WORDS[state.name]}
        </span>
        <IconButton
          label={isSending ? 'Stop sending and close' : 'Close'}
          size="small"
          icon={<X size={16} aria-hidden="true" />}
          onPress={onClose}
        />
      </div>
      <Preview camera={camera} />
      <div className="camera-body">
        <LevelMeter track={camera.audio} isMuted={camera.isMuted} />
        <Switches camera={camera} />
        {problem !== undefined && (
          <Notice
            level="danger"
            action={
              state.name !== 'failed' && (
                <Button size="small" onPress={() => camera.open()}>
                  Try again
                </Button>
              )
            }
          >
            {problem.text}
          </Notice>
        )}
        {state.name === 'reconnecting' && <Notice level="warn">{state.problem.text}</Notice>}
        <Devices camera={camera} />
        <Send event={event} camera={camera} sending={sending} isSending={isSending} />
      </div>
    </section>
  );
}

function Preview({ camera: { video, isScreen, isHidden, problem } }: { camera: Camera }) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (ref.current === null) return;
    ref.current.srcObject = video === undefined ? null : new MediaStream([video]);
  }, [video]);
  const note =
    video === undefined
      ? problem === undefined
        ? 'Waiting for the camera: the browser may ask you'
        : 'No camera'
      : isHidden && !isScreen
        ? 'The camera is off: viewers see black'
        : undefined;
  return (
    <div className="camera-preview">
      <video
        ref={ref}
        autoPlay
        playsInline
        muted
        aria-label={isScreen ? 'Your screen as it is sent' : 'Your camera as it is sent'}
        data-mirrored={isScreen ? undefined : ''}
      />
      {note !== undefined && <p className="camera-note">{note}</p>}
    </div>
  );
}

function Switches({ camera }: { camera: Camera }) {
  const { isMuted, isHidden, isScreen, audio, video } = camera;
  const mayShare = 'getDisplayMedia' in (navigator.mediaDevices ?? {});
  return (
    <div className="camera-switches">
      <Switch
        icon={
          isMuted ? <MicOff size={16} aria-hidden="true" /> : <Mic size={16} aria-hidden="true" />
        }
        isOn={isMuted}
        isDisabled={audio === undefined}
        onChange={camera.setMuted}
      >
        Mute
      </Switch>
      <Switch
        icon={
          isHidden ? (
            <VideoOff size={16} aria-hidden="true" />
          ) : (
            <Video size={16} aria-hidden="true" />
          )
        }
        isOn={isHidden}
        isDisabled={video === undefined || isScreen}
        onChange={camera.setHidden}
      >
        Camera off
      </Switch>
      {mayShare && (
        <Switch
          icon={<MonitorUp size={16} aria-hidden="true" />}
          isOn={isScreen}
          onChange={(share) => (share ? camera.shareScreen() : camera.stopScreen())}
        >
          Share screen
        </Switch>
      )}
    </div>
  );
}

function Switch({
  icon,
  isOn,
  isDisabled = false,
  onChange,
  children,
}: {
  icon: ReactNode;
  isOn: boolean;
  isDisabled?: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <ToggleButton
      className={`${buttonClass('outline', 'small')} camera-switch`}
      isSelected={isOn}
      isDisabled={isDisabled}
      onChange={onChange}
    >
      {icon}
      {children}
    </ToggleButton>
  );
}

function Devices({ camera }: { camera: Camera }) {
  const { inputs, cameraId, microphoneId } = camera;
  const options = (devices: readonly MediaDeviceInfo[], what: string) =>
    devices.map(({ deviceId, label }, i) => ({
      value: deviceId,
      label: label === '' ? `${what} ${i + 1}` : label,
    }));
  return (
    <>
      {inputs.cameras.length > 0 && (
        <Select
          label="Camera"
          options={options(inputs.cameras, 'Camera')}
          value={cameraId}
          onChange={(id) => camera.open({ camera: id, microphone: microphoneId })}
        />
      )}
      {inputs.microphones.length > 0 && (
        <Select
          label="Microphone"
          options={options(inputs.microphones, 'Microphone')}
          value={microphoneId}
          onChange={(id) => camera.open({ camera: cameraId, microphone: id })}
        />
      )}
    </>
  );
}

function Send({
  event,
  camera,
  sending,
  isSending,
}: {
  event: EventView;
  camera: Camera;
  sending: Sending;
  isSending: boolean;
}) {
  const add = useAddSource(event.eventId);
  const free = event.sources.filter(({ health }) => health?.connected !== true);
  const [chosen, setChosen] = useState<string>();
  const [used, setUsed] = useState<string>();
  const wanted = chosen ?? free[0]?.sourceId ?? NEW_SOURCE;
  const [failure, setFailure] = useState<string>();
  const start = async () => {
    setFailure(undefined);
    try {
      let sourceId = wanted;
      if (sourceId === NEW_SOURCE) {
        const made: NewSource = await add.mutateAsync({ name: 'Browser camera', kind: 'whip' });
        sourceId = made.sourceId;
        setChosen(sourceId);
      }
      setUsed(sourceId);
      sending.start(sourceId);
    } catch (error) {
      setFailure(textOf(error));
    }
  };
  const { figures } = sending;
  const trouble = figures === undefined ? undefined : troubleText(figures);
  const usedName = event.sources.find(({ sourceId }) => sourceId === used)?.name;
  return (
    <>
      {isSending ? (
        <p className="small">
          Sends to <b>{usedName ?? 'its source'}</b>
          {event.onAir !== undefined && event.onAir !== used && ', which is not on air yet'}.
        </p>
      ) : (
        <Select
          label="Send to"
          options={[
            ...free.map(({ sourceId, name }) => ({ value: sourceId, label: name })),
            { value: NEW_SOURCE, label: 'A new source' },
          ]}
          value={wanted}
          onChange={setChosen}
        />
      )}
      {failure !== undefined && <Notice level="danger">{failure}</Notice>}
      {isSending ? (
        <Button look="danger" onPress={sending.stop}>
          Stop sending
        </Button>
      ) : (
        <Button
          look="primary"
          isPending={add.isPending}
          isDisabled={!event.open || (camera.video ?? camera.audio) === undefined}
          onPress={start}
        >
          Start sending
        </Button>
      )}
      {!event.open && (
        <p className="dim small">The event has ended: open it again to send to it.</p>
      )}
      {figures !== undefined && <p className="dim small">{figuresText(figures)}</p>}
      {trouble !== undefined && <p className="small">{trouble}</p>}
    </>
  );
}

/** Says how it stands when that changes. */
function useSpoken(name: Sending['state']['name']): void {
  const before = useRef(name);
  useEffect(() => {
    if (before.current !== name) announce(STATE_WORDS[name]);
    before.current = name;
  }, [name]);
}
