import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useReducer, useState } from 'react';
import type { EventLive, EventView } from '#contracts';
import { withNow } from '../../api/event-now.ts';
import { EMPTY_HISTORY, type History, remember } from '../../api/history.ts';
import { followEvent } from '../../api/live-stream.ts';
import { eventQuery } from '../../api/queries.ts';

export interface FollowedEvent {
  event: EventView | undefined;
  error: Error | null;
  history: History;
  /** False while the stream of changes is broken; undefined until it first came. */
  connected: boolean | undefined;
  /** What this device's clock is ahead of the server's, in milliseconds. */
  clockAheadMs: number;
}

/** An event as it is now, and goes on being. */
export function useEvent(eventId: string): FollowedEvent {
  const client = useQueryClient();
  const query = useQuery(eventQuery(eventId));
  const [now, setNow] = useState<EventLive>();
  const [history, addToHistory] = useReducer(remember, EMPTY_HISTORY);
  const [connected, setConnected] = useState<boolean>();
  const [clockAheadMs, setClockAheadMs] = useState<number>();
  const exists = query.data !== undefined;

  useEffect(() => {
    if (!exists) return;
    return followEvent(eventId, {
      onLive(message) {
        setNow(message);
        addToHistory(message);
        // The quickest message has the least of the way in it.
        const ahead = Date.now() - message.at;
        setClockAheadMs((least) => (least === undefined ? ahead : Math.min(least, ahead)));
      },
      onChanged: () => client.invalidateQueries({ queryKey: eventQuery(eventId).queryKey }),
      onConnected: setConnected,
    });
  }, [client, eventId, exists]);

  return {
    event: query.data === undefined || now === undefined ? query.data : withNow(query.data, now),
    error: query.error,
    history,
    connected,
    clockAheadMs: clockAheadMs ?? 0,
  };
}

/** The time, anew every so often. */
export function useTime(everyMs: number): number {
  const [time, setTime] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setTime(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return time;
}
