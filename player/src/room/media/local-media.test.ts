import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DEFAULT_PREFERENCES, LocalMedia, type Preferences } from './local-media.ts';

class FakeTrack extends EventTarget {
  readonly kind: 'audio' | 'video';
  enabled = true;
  contentHint = '';
  stopped = false;

  constructor(kind: 'audio' | 'video') {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.stopped = true;
  }
}

interface Question {
  audio: boolean;
  video: boolean;
  tracks: FakeTrack[];
  give: () => void;
}

const questions: Question[] = [];
const settle = () => new Promise((resolve) => setTimeout(resolve));
let local: LocalMedia;

beforeEach(() => {
  questions.length = 0;
  const mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: async () => [],
    getUserMedia: ({ audio, video }: MediaStreamConstraints) =>
      new Promise((resolve) => {
        const tracks = [
          ...(audio ? [new FakeTrack('audio')] : []),
          ...(video ? [new FakeTrack('video')] : []),
        ];
        const of = (kind: string) => tracks.filter((track) => track.kind === kind);
        const stream = {
          getTracks: () => tracks,
          getAudioTracks: () => of('audio'),
          getVideoTracks: () => of('video'),
        };
        const give = () => resolve(stream);
        questions.push({ audio: Boolean(audio), video: Boolean(video), tracks, give });
      }),
  });
  vi.stubGlobal('navigator', { mediaDevices });
});

afterEach(() => {
  local.close();
  vi.unstubAllGlobals();
});

function open(preferences: Partial<Preferences> = {}): LocalMedia {
  local = new LocalMedia({ ...DEFAULT_PREFERENCES, ...preferences });
  local.open();
  return local;
}

async function given(n: number): Promise<FakeTrack[]> {
  questions[n]?.give();
  await settle();
  return questions[n]?.tracks ?? [];
}

it('says before the browser has given anything what will be on', async () => {
  const { wishes } = open();
  expect(wishes).toEqual({ audio: true, video: true });
  await given(0);
  expect(local.wishes).toEqual({ audio: true, video: true });
  await local.setMicrophone(false);
  expect(local.wishes).toEqual({ audio: false, video: true });
});

it('comes muted when it was muted while the browser was asked', async () => {
  open();
  await local.setMicrophone(false);
  expect(local.wishes).toEqual({ audio: false, video: true });
  const [microphone] = await given(0);
  expect(microphone?.enabled).toBe(false);
  expect(local.state).toMatchObject({ isMicrophoneOn: false, isCameraOn: true, isOpening: false });
});

it('lets the camera go again, and it alone, that was turned off while the browser was asked', async () => {
  open();
  await local.setCamera(false);
  const [microphone, camera] = await given(0);
  expect([microphone?.stopped, camera?.stopped]).toEqual([false, true]);
  expect(local.state).toMatchObject({ isMicrophoneOn: true, isCameraOn: false, isOpening: false });
});

it('asks again for what has not come yet', async () => {
  open();
  local.setCamera(false);
  local.setCamera(true);
  expect(questions.map(({ audio, video }) => [audio, video])).toEqual([
    [true, true],
    [true, true],
  ]);
  const early = await given(0);
  expect(early.every(({ stopped }) => stopped)).toBe(true);
  await given(1);
  expect(local.state).toMatchObject({ isMicrophoneOn: true, isCameraOn: true, isOpening: false });
});

it('asks for the one device that is wanted', async () => {
  open({ camera: false });
  await given(0);
  expect(questions.map(({ audio, video }) => [audio, video])).toEqual([[true, false]]);
  local.setCamera(true);
  await given(1);
  expect(questions[1]).toMatchObject({ audio: false, video: true });
  expect(local.state).toMatchObject({ isMicrophoneOn: true, isCameraOn: true });
});

it('takes another size that is chosen while the browser is asked', async () => {
  open();
  local.choose({ picture: 'small' });
  await given(0);
  expect(questions).toHaveLength(2);
  await given(1);
  expect(questions[1]).toMatchObject({ audio: true, video: true });
  expect(local.state).toMatchObject({ isMicrophoneOn: true, isCameraOn: true });
});

it('keeps for the next room what was chosen, not what a host or a held key made of it', async () => {
  open();
  await given(0);
  await local.setMicrophone(false, 'here');
  await local.setCamera(false, 'here');
  expect(local.state).toMatchObject({ isMicrophoneOn: false, isCameraOn: false });
  expect(local.state.preferences).toMatchObject({ microphone: true, camera: true });
  await local.setMicrophone(true, 'here');
  expect(local.state.isMicrophoneOn).toBe(true);
  await local.setMicrophone(false);
  expect(local.state.preferences).toMatchObject({ microphone: false, camera: true });
});

it('comes muted when a host turned it off while the browser was asked', async () => {
  open();
  await local.setMicrophone(false, 'here');
  await local.setCamera(false, 'here');
  const [microphone, camera] = await given(0);
  expect(microphone?.enabled).toBe(false);
  expect(camera?.stopped).toBe(true);
  expect(local.state.preferences).toMatchObject({ microphone: true, camera: true });
});

it('lets go of everything at once, keeps the choice, and stays off', async () => {
  open();
  const tracks = await given(0);
  local.release();
  expect(tracks.map(({ stopped }) => stopped)).toEqual([true, true]);
  expect(local.state).toMatchObject({ tracks: {}, isMicrophoneOn: false, isCameraOn: false });
  expect(local.state.preferences).toMatchObject({ microphone: true, camera: true });
  expect(local.wishes).toEqual({ audio: false, video: false });
  local.setMicrophone(true);
  await given(1);
  expect(questions[1]).toMatchObject({ audio: true, video: false });
  expect(local.state).toMatchObject({ isMicrophoneOn: true, isCameraOn: false });
});

it('takes neither device nor screen that comes after everything was let go of', async () => {
  const screen = new FakeTrack('video');
  let choose: (stream: object) => void = () => {};
  open();
  Object.assign(navigator.mediaDevices, {
    getDisplayMedia: () => new Promise((resolve) => (choose = resolve)),
  });
  const sharing = local.share();
  local.release();
  const tracks = await given(0);
  choose({
    getTracks: () => [screen],
    getVideoTracks: () => [screen],
    getAudioTracks: () => [],
  });
  await sharing;
  expect([...tracks, screen].map(({ stopped }) => stopped)).toEqual([true, true, true]);
  expect(local.state).toMatchObject({ tracks: {}, isOpening: false });
});
