import { type PointerEvent, useId, useMemo, useState } from 'react';
import { timeOfDay } from '../format.ts';
import {
  areaPath,
  type Frame,
  linePath,
  nearest,
  niceRange,
  type Point,
  xOf,
  yOf,
} from './scale.ts';
import './line-chart.css';

export interface Series {
  name: string;
  /** A CSS colour. */
  color: string;
  points: readonly Point[];
}

export interface LineChartProps {
  title: string;
  series: readonly Series[];
  from: number;
  to: number;
  format: (value: number) => string;
  /** Labels of the axis, where they are to be shorter than the values. */
  formatTick?: (value: number) => string;
  /** The axis covers at least so much, and begins at zero unless told otherwise. */
  minSpan: number;
  fromZero?: boolean;
}

const WIDTH = 1000;
const HEIGHT = 100;
/** Samples come every second or two; more than this is a pause. */
const MAX_GAP_MS = 5_000;

/** The last minutes of one measure. What it shows is said in words for those who do not see it. */
export function LineChart(props: LineChartProps) {
  const { title, series, from, to, format, formatTick = format, minSpan, fromZero = true } = props;
  const id = useId();
  const [pointed, setPointed] = useState<number>();
  const frame = useMemo((): Frame => {
    const values = series.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
    const range = niceRange(values, minSpan, fromZero);
    return { from, to, range, width: WIDTH, height: HEIGHT };
  }, [series, from, to, minSpan, fromZero]);
  const point = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setPointed(from + ((event.clientX - box.left) / box.width) * (to - from));
  };
  const shown = series.map(({ points }) =>
    pointed === undefined ? points.at(-1) : nearest(points, pointed),
  );
  const cursor = pointed === undefined ? undefined : shown[0]?.at;

  return (
    <figure className="chart panel" aria-labelledby={id}>
      <figcaption className="chart-head">
        <span className="chart-title" id={id}>
          {title}
          {cursor !== undefined && ` at ${timeOfDay(cursor)}`}
        </span>
        <span className="chart-values">
          {series.map(({ name, color }, i) => {
            const value = shown[i]?.value;
            return (
              <span className="chart-value" key={name}>
                {series.length > 1 && (
                  <span className="chart-key" style={{ background: color }} aria-hidden="true" />
                )}
                {value === undefined ? '–' : format(value)}
                {series.length > 1 && <span className="chart-name">{name}</span>}
              </span>
            );
          })}
        </span>
      </figcaption>
      <div
        className="chart-plot"
        onPointerMove={point}
        onPointerLeave={() => setPointed(undefined)}
      >
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={series.map((one) => inWords(one, format)).join(' ')}
        >
          {frame.range.ticks.map((tick) => (
            <line
              key={tick}
              className="chart-grid"
              x1="0"
              x2={WIDTH}
              y1={yOf(tick, frame)}
              y2={yOf(tick, frame)}
            />
          ))}
          {series.length === 1 &&
            fromZero &&
            series.map(({ name, color, points }) => (
              <path
                key={name}
                className="chart-area"
                d={areaPath(points, frame, MAX_GAP_MS)}
                fill={color}
              />
            ))}
          {series.map(({ name, color, points }) => (
            <path
              key={name}
              className="chart-line"
              d={linePath(points, frame, MAX_GAP_MS)}
              stroke={color}
            />
          ))}
          {cursor !== undefined && (
            <line
              className="chart-cursor"
              x1={xOf(cursor, frame)}
              x2={xOf(cursor, frame)}
              y1="0"
              y2={HEIGHT}
            />
          )}
        </svg>
        {frame.range.ticks.map((tick) => (
          <span
            key={tick}
            className="chart-tick"
            style={{ top: `${yOf(tick, frame)}%` }}
            aria-hidden="true"
          >
            {formatTick(tick)}
          </span>
        ))}
      </div>
      <div className="chart-times" aria-hidden="true">
        <span>{beginning(to - from)}</span>
        <span>now</span>
      </div>
    </figure>
  );
}

/** How long ago the axis begins. */
function beginning(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 90
    ? `${seconds} s ago`
    : `${(seconds / 60).toFixed(1).replace('.0', '')} min ago`;
}

/** What somebody would say who looks at the line. */
function inWords({ name, points }: Series, format: (value: number) => string): string {
  const values = points.flatMap(({ value }) => value ?? []);
  const last = values.at(-1);
  if (last === undefined) return `${name}: nothing measured yet.`;
  const low = format(Math.min(...values));
  const high = format(Math.max(...values));
  const between = low === high ? '' : `, between ${low} and ${high}`;
  return `${name}: ${format(last)} now${between}.`;
}
