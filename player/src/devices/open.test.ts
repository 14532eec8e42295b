import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openInputs } from './open.ts';

type Kind = 'audio' | 'video';

/** What this browser says to a question for one kind; one for both fails as the first that does. */
let errors: Partial<Record<Kind, string>>;
let permissions: Partial<Record<string, PermissionState>>;
let questions: MediaStreamConstraints[];

class FakeStream {
  readonly tracks: { kind: string }[];

  constructor(tracks: { kind: string }[]) {
    this.tracks = tracks;
  }

  getTracks(): { kind: string }[] {
    return this.tracks;
  }
}

beforeEach(() => {
  errors = {};
  permissions = {};
  questions = [];
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('navigator', {
    mediaDevices: {
      getUserMedia: async (constraints: MediaStreamConstraints) => {
        questions.push(constraints);
        const kinds = Object.keys(constraints) as Kind[];
        const name = kinds.map((kind) => errors[kind]).find((one) => one !== undefined);
        if (name !== undefined) throw new DOMException('', name);
        return new FakeStream(kinds.map((kind) => ({ kind })));
      },
    },
    permissions: {
      query: async ({ name }: { name: string }) => {
        const state = permissions[name];
        if (state === undefined) throw new TypeError('unknown');
        return { state };
      },
    },
  });
});

afterEach(() => vi.unstubAllGlobals());

const asked = () => questions.map((one) => Object.keys(one).join('+'));
async function open(...kinds: Kind[]): Promise<{ had: string[]; text: string | undefined }> {
  const wanted = Object.fromEntries(kinds.map((kind) => [kind, {}]));
  const { stream, problem } = await openInputs(wanted);
  return { had: (stream?.getTracks() ?? []).map(({ kind }) => kind), text: problem?.text };
}

it('asks for both in one question', async () => {
  expect(await open('audio', 'video')).toEqual({ had: ['audio', 'video'], text: undefined });
  expect(asked()).toEqual(['audio+video']);
});

it.each([
  ['camera', 'video', 'audio'],
  ['microphone', 'audio', 'video'],
] as const)(
  'has the other one when the %s is blocked, and says which is',
  async (device, blocked, other) => {
    errors = { [blocked]: 'NotAllowedError' };
    permissions = { camera: 'granted', microphone: 'granted', [device]: 'denied' };
    const { had, text } = await open('audio', 'video');
    expect(had).toEqual([other]);
    expect(text).toMatch(new RegExp(`^The browser may not use the ${device}\\.`));
    expect(asked()).toEqual(['audio+video', other]);
  },
);

it('asks for each where a browser does not tell which is blocked', async () => {
  errors = { video: 'NotAllowedError' };
  expect(await open('audio', 'video')).toEqual({
    had: ['audio'],
    text: expect.stringMatching(/use the camera\./),
  });
  expect(asked()).toEqual(['audio+video', 'audio', 'video']);
});

it('does not ask again whoever has just said no to both', async () => {
  errors = { audio: 'NotAllowedError', video: 'NotAllowedError' };
  permissions = { camera: 'prompt', microphone: 'prompt' };
  const { had, text } = await open('audio', 'video');
  expect(had).toEqual([]);
  expect(text).toMatch(/use the camera or microphone\./);
  expect(asked()).toEqual(['audio+video']);
});

it('asks once for one device that is blocked', async () => {
  errors = { video: 'NotAllowedError' };
  expect((await open('video')).text).toMatch(/use the camera\./);
  expect(asked()).toEqual(['video']);
});

it('says of each what is wrong with it, where that is not the same', async () => {
  errors = { audio: 'NotFoundError', video: 'NotReadableError' };
  const { text } = await open('audio', 'video');
  expect(text).toMatch(/^The camera is used by another program\..* No microphone was found\./);
});

it('takes another device in the place of a chosen one that is gone', async () => {
  const { getUserMedia } = navigator.mediaDevices;
  navigator.mediaDevices.getUserMedia = async (constraints = {}) => {
    const { deviceId } = constraints.video as MediaTrackConstraints;
    if (typeof deviceId === 'object') throw new DOMException('', 'OverconstrainedError');
    return getUserMedia(constraints);
  };
  const { stream, problem } = await openInputs({ video: { deviceId: { exact: 'gone' } } });
  expect(stream?.getTracks()).toHaveLength(1);
  expect(problem).toBeUndefined();
  expect(questions).toEqual([{ video: { deviceId: 'gone' } }]);
});

it('says that the page is not secure, where there are no devices at all', async () => {
  vi.stubGlobal('navigator', {});
  expect((await open('audio', 'video')).text).toMatch(/https/);
});
