import { useCallback, useEffect, useRef, useState } from 'react';
import {
  type DeviceProblem,
  type Inputs,
  listInputs,
  NO_INPUTS,
  openCamera,
  openScreen,
  problemOfDevice,
} from '../../devices/index.ts';

/** What this device shows and hears, and what can be done with it. */
export interface Camera {
  /** The picture that goes out, or would: the screen while it is shared. */
  video: MediaStreamTrack | undefined;
  audio: MediaStreamTrack | undefined;
  inputs: Inputs;
  cameraId: string;
  microphoneId: string;
  isScreen: boolean;
  isMuted: boolean;
  isHidden: boolean;
  problem: DeviceProblem | undefined;
  /** Opens what was chosen, or something else. */
  open: (chosen?: { camera?: string; microphone?: string }) => Promise<void>;
  shareScreen: () => Promise<void>;
  stopScreen: () => void;
  setMuted: (muted: boolean) => void;
  setHidden: (hidden: boolean) => void;
}

/** Opens camera and microphone as long as it is in use. */
export function useCamera(): Camera {
  const [stream, setStream] = useState<MediaStream>();
  const [screen, setScreen] = useState<MediaStreamTrack>();
  const [inputs, setInputs] = useState(NO_INPUTS);
  const [problem, setProblem] = useState<DeviceProblem>();
  const [isMuted, setIsMuted] = useState(false);
  const [isHidden, setIsHidden] = useState(false);
  const latest = useRef<{ stream?: MediaStream; screen?: MediaStreamTrack; gone: boolean }>({
    gone: false,
  });
  const turn = useRef(0);

  const open = useCallback(async (chosen: { camera?: string; microphone?: string } = {}) => {
    const mine = ++turn.current;
    const { stream: opened, problem: found } = await openCamera(chosen);
    // Somebody chose again meanwhile, or left.
    if (latest.current.gone || mine !== turn.current) {
      stopAll(opened);
      return;
    }
    setProblem(found);
    if (opened === undefined) return;
    stopAll(latest.current.stream);
    latest.current.stream = opened;
    for (const track of opened.getTracks()) {
      track.addEventListener('ended', () => {
        if (latest.current.stream !== opened) return;
        const slot = track.kind === 'video' ? 'camera' : 'microphone';
        setProblem(problemOfDevice(new DOMException('', 'AbortError'), slot));
      });
    }
    setStream(opened);
    setInputs(await listInputs().catch(() => NO_INPUTS));
  }, []);

  const stopScreen = useCallback(() => {
    latest.current.screen?.stop();
    delete latest.current.screen;
    setScreen(undefined);
  }, []);

  const shareScreen = useCallback(async () => {
    try {
      const track = await openScreen();
      track.addEventListener('ended', stopScreen);
      latest.current.screen = track;
      setScreen(track);
      setProblem(undefined);
    } catch (error) {
      const found = problemOfDevice(error, 'screen');
      if (found.code !== 'cancelled') setProblem(found);
    }
  }, [stopScreen]);

  useEffect(() => {
    const held = latest.current;
    held.gone = false;
    open();
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    const onChange = () => {
      listInputs().then(setInputs, () => {});
    };
    devices?.addEventListener('devicechange', onChange);
    return () => {
      held.gone = true;
      devices?.removeEventListener('devicechange', onChange);
      stopAll(held.stream);
      held.screen?.stop();
    };
  }, [open]);

  const camera = stream?.getVideoTracks()[0];
  const audio = stream?.getAudioTracks()[0];
  useEffect(() => {
    if (audio !== undefined) audio.enabled = !isMuted;
  }, [audio, isMuted]);
  useEffect(() => {
    if (camera !== undefined) camera.enabled = !isHidden;
  }, [camera, isHidden]);

  return {
    video: screen ?? camera,
    audio,
    inputs,
    cameraId: camera?.getSettings().deviceId ?? '',
    microphoneId: audio?.getSettings().deviceId ?? '',
    isScreen: screen !== undefined,
    isMuted,
    isHidden,
    problem,
    open,
    shareScreen,
    stopScreen,
    setMuted: setIsMuted,
    setHidden: setIsHidden,
  };
}

function stopAll(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
