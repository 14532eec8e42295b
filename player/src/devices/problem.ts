/** Why a camera, a microphone or a screen cannot be used, in words for people. */
export interface DeviceProblem {
  /** Stable: for tests, and for what a page does about it. */
  code: 'denied' | 'no-device' | 'device-busy' | 'insecure' | 'cancelled' | 'other';
  text: string;
}

/** By the name of the error; of which device, by its name. */
const DEVICE_PROBLEMS: Record<
  string,
  { code: DeviceProblem['code']; text: (of: string) => string }
> = {
  NotAllowedError: {
    code: 'denied',
    text: (of) =>
      `The browser may not use the ${of}. Allow it by the icon beside the address, then try again.`,
  },
  NotFoundError: {
    code: 'no-device',
    text: (of) => `No ${of} was found. Plug one in, then try again.`,
  },
  OverconstrainedError: {
    code: 'no-device',
    text: (of) => `The chosen ${of} is not there any more. Choose another one.`,
  },
  NotReadableError: {
    code: 'device-busy',
    text: (of) => `The ${of} is used by another program. Close that program, then try again.`,
  },
  AbortError: { code: 'device-busy', text: (of) => `The ${of} stopped. Try again.` },
  TypeError: {
    code: 'insecure',
    text: () => 'Cameras work on secure pages only: open this page by https.',
  },
};

/** What was asked for: `devices` is camera and microphone together. */
export type DeviceName = 'devices' | 'camera' | 'microphone' | 'screen';

/** What went wrong when a camera, a microphone or a screen was asked for. */
export function problemOfDevice(error: unknown, wanted: DeviceName): DeviceProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (wanted === 'screen' && name === 'NotAllowedError') {
    return { code: 'cancelled', text: 'No screen was chosen.' };
  }
  const known = DEVICE_PROBLEMS[name];
  if (known === undefined) {
    return { code: 'other', text: error instanceof Error ? error.message : String(error) };
  }
  return {
    code: known.code,
    text: known.text(wanted === 'devices' ? 'camera or microphone' : wanted),
  };
}
