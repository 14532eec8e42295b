const KEY = 'amphi.room.host.';

/** The host's token of a meeting made on this device: whoever has it comes in as host. */
export function hostTokenOf(meetingId: string): string | undefined {
  try {
    return localStorage.getItem(KEY + meetingId) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepHostToken(meetingId: string, token: string): void {
  try {
    localStorage.setItem(KEY + meetingId, token);
  } catch {
    // Storage is refused: it is the host's on this page only.
  }
}
