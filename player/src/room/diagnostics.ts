import type { RoomSession } from './room-session.ts';
import { withoutPrivate } from './without-private.ts';

/** Saves how this stay in the room stands, as a file that can be sent to who runs the server. */
export async function saveDiagnostics(session: RoomSession): Promise<void> {
  const { tracks, problem, preferences } = session.local.state;
  const log = {
    at: new Date().toISOString(),
    browser: navigator.userAgent,
    state: withoutPrivate(session.state.get()),
    quality: session.monitor.quality.get(),
    own: {
      problem,
      preferences,
      tracks: Object.entries(tracks).map(([slot, track]) => ({
        slot,
        muted: track.muted,
        enabled: track.enabled,
        settings: track.getSettings(),
      })),
    },
    connections: await session.connectionStats(),
  };
  const url = URL.createObjectURL(
    new Blob([JSON.stringify(log, null, 1)], { type: 'application/json' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = `amphi-room-${Date.now()}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
