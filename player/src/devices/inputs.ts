import { type Opened, openInputs } from './open.ts';

/** What this device has. Names are known once one of them may be used. */
export interface Inputs {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  /** Empty where a browser does not let a page choose. */
  speakers: MediaDeviceInfo[];
}

export const NO_INPUTS: Inputs = { cameras: [], microphones: [], speakers: [] };

export interface Chosen {
  /** Ids of devices; the browser's own choice when undefined. */
  camera?: string | undefined;
  microphone?: string | undefined;
}

const WIDTH = 1280;
const HEIGHT = 720;
const FPS = 30;

export async function listInputs(): Promise<Inputs> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind) => devices.filter((one) => one.kind === kind && one.deviceId);
  return {
    cameras: of('videoinput'),
    microphones: of('audioinput'),
    speakers: of('audiooutput'),
  };
}

/** Camera and microphone, or what can be had of them, and why not all of it can. */
export function openCamera({ camera, microphone }: Chosen): Promise<Opened> {
  const exactly = (id: string | undefined) => (id === undefined ? {} : { deviceId: { exact: id } });
  return openInputs({
    video: {
      width: { ideal: WIDTH },
      height: { ideal: HEIGHT },
      frameRate: { ideal: FPS },
      ...exactly(camera),
    },
    audio: { channelCount: { ideal: 2 }, ...exactly(microphone) },
  });
}

/** A screen, a window or a tab; rejects when the person chooses none. */
export async function openScreen(): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: FPS } },
    audio: false,
  });
  const [track] = stream.getVideoTracks();
  if (track === undefined) throw new DOMException('no picture', 'NotFoundError');
  track.contentHint = 'detail';
  return track;
}
