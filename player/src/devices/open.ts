import { type DeviceProblem, problemOfDevice } from './problem.ts';

type Kind = 'audio' | 'video';

/** What is asked for, kind by kind; what is absent is not. */
export type Wanted = { [K in Kind]?: MediaTrackConstraints };

export interface Opened {
  /** What could be had, if anything. */
  stream?: MediaStream;
  /** Why not all of it could. */
  problem?: DeviceProblem;
}

const DEVICE = { audio: 'microphone', video: 'camera' } as const;
/** After these one of the two devices may still be had alone, or another one in its place. */
const PARTIAL = new Set(['NotFoundError', 'OverconstrainedError', 'NotReadableError']);

/**
 * Camera, microphone or both, in one question to the person. Where that fails,
 * each by itself: a blocked camera leaves the microphone, and in the place of a
 * chosen device that is gone comes another one.
 */
export async function openInputs(wanted: Wanted): Promise<Opened> {
  const kinds = (['audio', 'video'] as const).filter((kind) => wanted[kind] !== undefined);
  try {
    return { stream: await navigator.mediaDevices.getUserMedia(wanted) };
  } catch (error) {
    const alone = await worthAsking(kinds, error);
    const errors: Partial<Record<Kind, unknown>> = {};
    const tracks = await Promise.all(
      kinds.map(async (kind) => {
        try {
          if (!alone.includes(kind)) throw error;
          const constraints = { [kind]: loosened(wanted[kind]) };
          return (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
        } catch (why) {
          errors[kind] = why;
          return [];
        }
      }),
    );
    const had = tracks.flat();
    const problem = problemOf(errors);
    return {
      ...(had.length === 0 ? {} : { stream: new MediaStream(had) }),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}

/** Which of them may be had alone after this error. */
async function worthAsking(kinds: readonly Kind[], error: unknown): Promise<readonly Kind[]> {
  const name = error instanceof DOMException ? error.name : '';
  if (PARTIAL.has(name)) return kinds;
  if (name !== 'NotAllowedError' || kinds.length < 2) return [];
  const states = await Promise.all(kinds.map(permissionOf));
  // The person was asked for both and said no to both: they are not asked again.
  if (states.every((state) => state === 'prompt')) return [];
  return kinds.filter((_kind, i) => states[i] !== 'denied');
}

/** Undefined where a browser does not tell. */
async function permissionOf(kind: Kind): Promise<PermissionState | undefined> {
  try {
    return (await navigator.permissions.query({ name: DEVICE[kind] })).state;
  } catch {
    return undefined;
  }
}

/** The chosen device where it is there, another one where not. */
function loosened({ deviceId, ...rest }: MediaTrackConstraints = {}): MediaTrackConstraints {
  const { exact } = typeof deviceId === 'object' && 'exact' in deviceId ? deviceId : {};
  return exact === undefined ? rest : { ...rest, deviceId: exact };
}

function problemOf({ audio, video }: Partial<Record<Kind, unknown>>): DeviceProblem | undefined {
  const microphone = audio === undefined ? undefined : problemOfDevice(audio, 'microphone');
  const camera = video === undefined ? undefined : problemOfDevice(video, 'camera');
  if (camera === undefined || microphone === undefined) return camera ?? microphone;
  if (camera.code === microphone.code) return problemOfDevice(video, 'devices');
  return { code: camera.code, text: `${camera.text} ${microphone.text}` };
}
