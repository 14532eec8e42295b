import type { EventLive } from '#contracts';

export interface LiveHandlers {
  onLive(now: EventLive): void;
  /** The rest of the event is to be read again. */
  onChanged(): void;
  /** Whether messages come. */
  onConnected(connected: boolean): void;
}

const RETRY = { baseMs: 500, capMs: 8_000 };

/**
 * Follows an event until the returned function is called. A browser gives up on
 * an event source that was answered with an error, as by an API that restarts:
 * then it is opened anew, less and less often.
 */
export function followEvent(eventId: string, handlers: LiveHandlers): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  const open = () => {
    source = new EventSource(`/api/events/${encodeURIComponent(eventId)}/live`);
    source.addEventListener('live', (message: MessageEvent<string>) => {
      failures = 0;
      handlers.onConnected(true);
      handlers.onLive(JSON.parse(message.data) as EventLive);
    });
    source.addEventListener('changed', () => handlers.onChanged());
    source.addEventListener('error', () => {
      handlers.onConnected(false);
      // The call that reads the event tells why: signed out, deleted, or not reachable.
      handlers.onChanged();
      if (source?.readyState !== EventSource.CLOSED) return;
      const wait = Math.min(RETRY.baseMs * 2 ** failures++, RETRY.capMs);
      retry = setTimeout(open, wait);
    });
  };

  open();
  return () => {
    clearTimeout(retry);
    source?.close();
  };
}
