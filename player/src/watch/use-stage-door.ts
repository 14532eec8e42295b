import { useEffect, useState } from 'react';
import type { Play } from '#contracts';
import { call } from '../api/client.ts';
import type { Playback } from '../playback/index.ts';

const LOOK_EVERY_MS = 20_000;

/** The address of the room on stage while viewers may join it; looked for as long as `on` is true and the page is seen. */
export function useStageDoor(playback: Playback, on: boolean): string | undefined {
  const [room, setRoom] = useState<string>();
  useEffect(() => {
    if (!on) {
      setRoom(undefined);
      return;
    }
    const abort = new AbortController();
    const look = () => {
      if (document.visibilityState === 'hidden') return;
      const { token } = playback.wire;
      const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
      call<Play>('GET', `/api/play/${encodeURIComponent(playback.eventId)}${query}`, abort)
        .then((play) => setRoom(play.room))
        // What is not known now may be known next time.
        .catch(() => {});
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [playback, on]);
  return room;
}
