import { useMemo } from 'react';
import type { PublicEvent } from '#contracts';
import { plural } from '../ui/format.ts';
import { Poster } from '../ui/poster.tsx';
import { seatsOf } from '../ui/seats.ts';
import { StatusPill } from '../ui/status.tsx';

const WIDTH = 1000;
const HEIGHT = 660;
/** The middle of the stage, which is also that of every row. */
const CENTRE = { x: WIDTH / 2, y: 162 };

const SEATS = seatsOf({
  rows: 5,
  innerRadius: 316,
  rowGap: 41,
  seatGap: 27,
  spanDegrees: 178,
  aisles: [-48, -16, 16, 48],
  aisleWidth: 26,
}).map(({ x, y }) => ({ x: x + CENTRE.x, y: y + CENTRE.y }));

/** The stage with what is on it, and the rows before it: a seat is lit for each who watches. */
export function Theatre({ event, loading }: { event: PublicEvent | undefined; loading: boolean }) {
  const viewers = event?.viewers ?? 0;
  const seats = useMemo(
    () =>
      SEATS.map(({ x, y }, i) => (
        <circle
          key={`${x} ${y}`}
          cx={x}
          cy={y}
          r={i < viewers ? 9 : 7.5}
          data-lit={i < viewers ? '' : undefined}
        />
      )),
    [viewers],
  );
  return (
    <div className="theatre" data-on={event === undefined ? undefined : ''}>
      <div className="theatre-stage">
        {event === undefined ? <Dark loading={loading} /> : <OnStage event={event} />}
      </div>
      <svg className="theatre-seats" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {seats}
      </svg>
      {viewers > 0 && (
        <p className="theatre-count">{plural(viewers, 'person', 'people')} watching</p>
      )}
    </div>
  );
}

function OnStage({ event }: { event: PublicEvent }) {
  return (
    <a className="on-stage" href={event.watchUrl}>
      <Poster src={event.poster} />
      <span className="on-stage-text">
        <StatusPill status={event.status} />
        <span className="on-stage-title">{event.title}</span>
      </span>
    </a>
  );
}

function Dark({ loading }: { loading: boolean }) {
  return (
    <div className="dark-stage">
      <p className="dark-stage-text">
        {loading ? 'Looking at the stage…' : 'Nothing is on right now.'}
      </p>
    </div>
  );
}
