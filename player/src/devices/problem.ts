/** Why a camera, a microphone or a screen cannot be used, in words for people. */
export interface DeviceProblem {
  /** Stable: for tests, and for what a page does about it. */
  code: 'denied' | 'no-device' | 'device-busy' | 'insecure' | 'cancelled' | 'other';
  text: string;
}

const DEVICE_PROBLEMS: Record<string, DeviceProblem> = {
  NotAllowedError: {
    code: 'denied',
    text: 'The browser may not use the camera or microphone. Allow it by the icon beside the address, then try again.',
  },
  NotFoundError: {
    code: 'no-device',
    text: 'No camera or microphone was found. Plug one in, then try again.',
  },
  OverconstrainedError: {
    code: 'no-device',
    text: 'The chosen camera or microphone is not there any more. Choose another one.',
  },
  NotReadableError: {
    code: 'device-busy',
    text: 'The camera or microphone is used by another program. Close that program, then try again.',
  },
  AbortError: { code: 'device-busy', text: 'The camera or microphone stopped. Try again.' },
  TypeError: {
    code: 'insecure',
    text: 'Cameras work on secure pages only: open this page by https.',
  },
};

/** What went wrong when a camera, a microphone or a screen was asked for. */
export function problemOfDevice(error: unknown, wanted: 'devices' | 'screen'): DeviceProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (wanted === 'screen' && name === 'NotAllowedError') {
    return { code: 'cancelled', text: 'No screen was chosen.' };
  }
  return (
    DEVICE_PROBLEMS[name] ?? {
      code: 'other',
      text: error instanceof Error ? error.message : String(error),
    }
  );
}
