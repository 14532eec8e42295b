import type { EventLive, EventView, SourceView } from '#contracts';

/** The event with what has moved since: what the stream says goes over what was read. */
export function withNow(event: EventView, now: EventLive): EventView {
  const { at: _, sources: health, ...moving } = now;
  const { started: _started, onAir: _onAir, ...still } = event;
  return {
    ...still,
    ...moving,
    sources: event.sources.map((source): SourceView => {
      const { health: _health, ...rest } = source;
      const measured = health.find(({ sourceId }) => sourceId === source.sourceId);
      return measured === undefined ? rest : { ...rest, health: measured };
    }),
  };
}
