import type { PublicEvent } from '#contracts';
import { ago, plural } from '../ui/format.ts';
import { Poster } from '../ui/poster.tsx';
import { StatusPill } from '../ui/status.tsx';

/** The other events that are on air. */
export function OnNow({ events }: { events: readonly PublicEvent[] }) {
  return (
    <section className="on-now" aria-labelledby="on-now-title">
      <h2 id="on-now-title">Also on now</h2>
      <ul className="on-now-list">
        {events.map((event) => (
          <li key={event.eventId}>
            <a className="on-now-card" href={event.watchUrl}>
              <span className="on-now-picture">
                <Poster src={event.poster} />
                <StatusPill status={event.status} />
              </span>
              <span className="on-now-title">{event.title}</span>
              <span className="dim small">
                {plural(event.viewers, 'person', 'people')} watching
                {event.started === undefined ? '' : `, began ${ago(event.started, Date.now())}`}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
