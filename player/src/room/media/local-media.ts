import {
  type DeviceProblem,
  type Inputs,
  listInputs,
  NO_INPUTS,
  openInputs,
  problemOfDevice,
} from '../../devices/index.ts';
import { Store } from '../state/store.ts';
import { blurring, canBlur } from './background-blur.ts';
import type { OwnTracks } from './slots.ts';

export interface Processing {
  noiseSuppression: boolean;
  echoCancellation: boolean;
}

/** What this person wants, kept from one room to the next. */
export interface Preferences extends Processing {
  microphone: boolean;
  camera: boolean;
  cameraId: string;
  microphoneId: string;
  speakerId: string;
  /** How large a picture is asked of the camera. */
  picture: PictureSize;
  /** Where the camera can do it. */
  blur: boolean;
}

export type PictureSize = 'large' | 'medium' | 'small';
const PICTURES: Record<PictureSize, { width: number; height: number; fps: number }> = {
  large: { width: 1280, height: 720, fps: 30 },
  medium: { width: 640, height: 360, fps: 30 },
  small: { width: 320, height: 180, fps: 15 },
};

export interface LocalState {
  tracks: OwnTracks;
  /** What is wanted on; a device that fails is off all the same. */
  isMicrophoneOn: boolean;
  isCameraOn: boolean;
  preferences: Preferences;
  inputs: Inputs;
  problem: DeviceProblem | undefined;
  /** The browser is asking, or a device is starting. */
  isOpening: boolean;
}

export const DEFAULT_PREFERENCES: Preferences = {
  microphone: true,
  camera: true,
  cameraId: '',
  microphoneId: '',
  speakerId: '',
  picture: 'large',
  blur: false,
  noiseSuppression: true,
  echoCancellation: true,
};

/**
 * How long what is chosen holds: `kept` is this person's own choice, for later
 * rooms too; `here` is what a host, a key that is held or an answer makes of
 * it, which says nothing of the next room.
 */
type Lasting = 'kept' | 'here';

const exactly = (id: string) => (id === '' ? {} : { deviceId: { exact: id } });

/** This device's camera, microphone and screen. */
export class LocalMedia {
  readonly store: Store<LocalState>;
  #turn = 0;
  /** What the browser has been asked for and has not given yet. */
  #asked = { audio: false, video: false };
  /** What is to be on in this room, whatever is kept for the next one. */
  #wanted: { audio: boolean; video: boolean };
  /** How often all was let go of: a screen that is chosen after that comes too late. */
  #releases = 0;
  #closed = false;
  readonly #onDevices = () => {
    this.#list();
  };

  /** `wanted`: what is to be on here, where that is not what is preferred. */
  constructor(
    preferences: Preferences,
    wanted = { audio: preferences.microphone, video: preferences.camera },
  ) {
    this.#wanted = wanted;
    this.store = new Store<LocalState>({
      tracks: {},
      isMicrophoneOn: false,
      isCameraOn: false,
      preferences,
      inputs: NO_INPUTS,
      problem: undefined,
      isOpening: false,
    });
    devices()?.addEventListener('devicechange', this.#onDevices);
  }

  get state(): LocalState {
    return this.store.get();
  }

  /** What is on, or will be as soon as the browser gives it. */
  get wishes(): { audio: boolean; video: boolean } {
    const { isMicrophoneOn, isCameraOn } = this.state;
    return {
      audio: isMicrophoneOn || (this.#asked.audio && this.#wanted.audio),
      video: isCameraOn || (this.#asked.video && this.#wanted.video),
    };
  }

  /** Asks for what is wanted, in one question to the person; one device alone where only that can be had. */
  async open(): Promise<void> {
    await this.#open(this.#wanted.audio, this.#wanted.video);
  }

  /** Muted, a microphone stays open: it is back at once. */
  async setMicrophone(on: boolean, lasting: Lasting = 'kept'): Promise<void> {
    this.#wanted.audio = on;
    if (lasting === 'kept') this.#prefer({ microphone: on });
    const { microphone } = this.state.tracks;
    if (microphone === undefined) {
      if (on) await this.#open(true, false);
      return;
    }
    microphone.enabled = on;
    this.#set({ isMicrophoneOn: on });
  }

  /** Off, a camera is closed: its light goes out. */
  async setCamera(on: boolean, lasting: Lasting = 'kept'): Promise<void> {
    this.#wanted.video = on;
    if (lasting === 'kept') this.#prefer({ camera: on });
    if (on) {
      if (this.state.tracks.camera === undefined) await this.#open(false, true);
      return;
    }
    this.state.tracks.camera?.stop();
    this.#replace({ camera: undefined }, { isCameraOn: false });
  }

  /** Another device; what is on goes on with it. */
  async choose(
    chosen: Partial<Pick<Preferences, 'cameraId' | 'microphoneId' | 'speakerId' | 'picture'>>,
  ): Promise<void> {
    this.#prefer(chosen);
    const { tracks } = this.state;
    const isOtherPicture = chosen.cameraId !== undefined || chosen.picture !== undefined;
    const video = isOtherPicture && (tracks.camera !== undefined || this.#asked.video);
    const isOtherSound = chosen.microphoneId !== undefined;
    const audio = isOtherSound && (tracks.microphone !== undefined || this.#asked.audio);
    if (video || audio) await this.#open(audio, video);
  }

  async setProcessing(processing: Partial<Processing>): Promise<void> {
    this.#prefer(processing);
    const { microphone } = this.state.tracks;
    if (microphone !== undefined || this.#asked.audio) await this.#open(true, false);
  }

  /** Blurs what is behind this person, from now on and with every camera that can. */
  async setBlur(blur: boolean): Promise<void> {
    this.#prefer({ blur });
    const { camera } = this.state.tracks;
    // The one that is to come is asked for with it.
    if (this.#asked.video) await this.#open(false, true);
    if (camera === undefined || !canBlur(camera)) return;
    await camera
      .applyConstraints({ ...camera.getConstraints(), ...blurring(blur) })
      .catch(() => {});
  }

  /** Shares a screen, a window or a tab, with its sound where the browser gives that. */
  async share(): Promise<void> {
    const releases = this.#releases;
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        audio: true,
      });
      const [screen] = stream.getVideoTracks();
      const [sound] = stream.getAudioTracks();
      if (screen === undefined || this.#closed || releases !== this.#releases) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      screen.contentHint = 'detail';
      screen.addEventListener('ended', () => {
        if (this.state.tracks.screen === screen) this.stopShare();
      });
      this.#stopShared();
      this.#replace({ screen, 'screen-audio': sound }, { problem: undefined });
    } catch (error) {
      const problem = problemOfDevice(error, 'screen');
      if (problem.code !== 'cancelled') this.#set({ problem });
    }
  }

  stopShare(): void {
    this.#stopShared();
    this.#replace({ screen: undefined, 'screen-audio': undefined }, {});
  }

  /**
   * Lets go of camera, microphone and screen, also of those that the browser
   * has not given yet. Nothing comes on again by itself; what is kept for the
   * next room stays as it is.
   */
  release(): void {
    this.#turn++;
    this.#releases++;
    this.#asked = { audio: false, video: false };
    this.#wanted = { audio: false, video: false };
    for (const track of Object.values(this.state.tracks)) track?.stop();
    this.#set({ tracks: {}, isMicrophoneOn: false, isCameraOn: false, isOpening: false });
  }

  dismissProblem(): void {
    this.#set({ problem: undefined });
  }

  close(): void {
    this.#closed = true;
    this.#turn++;
    devices()?.removeEventListener('devicechange', this.#onDevices);
    for (const track of Object.values(this.state.tracks)) track?.stop();
  }

  async #open(wantsAudio: boolean, wantsVideo: boolean): Promise<void> {
    if (!wantsAudio && !wantsVideo) {
      await this.#list();
      return;
    }
    const mine = ++this.#turn;
    // What has not come yet is asked for again with it.
    const asked = {
      audio: wantsAudio || this.#asked.audio,
      video: wantsVideo || (this.#asked.video && this.#wanted.video),
    };
    this.#asked = asked;
    this.#set({ isOpening: true });
    const { stream, problem } = await this.#ask(asked.audio, asked.video);
    // Somebody chose again meanwhile, or left.
    if (this.#closed || mine !== this.#turn) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      return;
    }
    this.#asked = { audio: false, video: false };
    const { tracks } = this.state;
    const [microphone] = stream?.getAudioTracks() ?? [];
    let [camera] = stream?.getVideoTracks() ?? [];
    if (!this.#wanted.video) {
      // Turned off while it was asked for.
      camera?.stop();
      camera = undefined;
    }
    const changed: { microphone?: MediaStreamTrack; camera?: MediaStreamTrack } = {};
    if (microphone !== undefined) {
      tracks.microphone?.stop();
      const isMuted = tracks.microphone !== undefined && !this.state.isMicrophoneOn;
      microphone.enabled = this.#wanted.audio && !isMuted;
      changed.microphone = this.#watch(microphone, 'microphone');
    }
    if (camera !== undefined) {
      tracks.camera?.stop();
      camera.contentHint = 'motion';
      changed.camera = this.#watch(camera, 'camera');
    }
    this.#replace(changed, {
      problem,
      isOpening: false,
      ...(microphone === undefined ? {} : { isMicrophoneOn: microphone.enabled }),
      ...(camera === undefined ? {} : { isCameraOn: true }),
    });
    await this.#list();
  }

  #ask(wantsAudio: boolean, wantsVideo: boolean): ReturnType<typeof openInputs> {
    const { cameraId, microphoneId, noiseSuppression, echoCancellation, picture, blur } =
      this.state.preferences;
    const { width, height, fps } = PICTURES[picture] ?? PICTURES.large;
    const audio = {
      noiseSuppression,
      echoCancellation,
      autoGainControl: true,
      ...exactly(microphoneId),
    };
    const video = {
      width: { ideal: width },
      height: { ideal: height },
      frameRate: { ideal: fps },
      // From the first picture on: nobody is seen sharp for a moment.
      ...(blur ? blurring(true) : {}),
      ...exactly(cameraId),
    };
    return openInputs({ ...(wantsAudio && { audio }), ...(wantsVideo && { video }) });
  }

  #watch(track: MediaStreamTrack, slot: 'camera' | 'microphone'): MediaStreamTrack {
    track.addEventListener('ended', () => {
      if (this.state.tracks[slot] !== track) return;
      const isOn = slot === 'camera' ? { isCameraOn: false } : { isMicrophoneOn: false };
      const problem = problemOfDevice(new DOMException('', 'AbortError'), slot);
      this.#replace({ [slot]: undefined }, { ...isOn, problem });
    });
    return track;
  }

  #stopShared(): void {
    this.state.tracks.screen?.stop();
    this.state.tracks['screen-audio']?.stop();
  }

  #replace(
    changed: { [K in keyof OwnTracks]?: OwnTracks[K] | undefined },
    rest: Partial<LocalState>,
  ): void {
    const all = Object.entries({ ...this.state.tracks, ...changed });
    const tracks = Object.fromEntries(all.filter(([, track]) => track !== undefined)) as OwnTracks;
    this.#set({ ...rest, tracks });
  }

  #prefer(changed: Partial<Preferences>): void {
    this.#set({ preferences: { ...this.state.preferences, ...changed } });
  }

  async #list(): Promise<void> {
    const inputs = await listInputs().catch(() => NO_INPUTS);
    if (!this.#closed) this.#set({ inputs });
  }

  #set(changed: Partial<LocalState>): void {
    this.store.set({ ...this.state, ...changed });
  }
}

/** Undefined on a page that is not secure, whatever the types say. */
const devices = (): MediaDevices | undefined => navigator.mediaDevices as MediaDevices | undefined;
