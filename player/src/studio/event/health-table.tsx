import type { Sample } from '../../api/history.ts';
import { bitrate, delay, timeOfDay } from '../../ui/format.ts';
import { thin } from './thin.ts';
import '../../ui/table.css';

const ROWS = 30;

const or = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '–' : format(value);

/** The graphs as a table, newest first. */
export function HealthTable({ name, samples }: { name: string; samples: readonly Sample[] }) {
  return (
    <div className="table-wrap panel">
      <table className="table">
        <caption className="visually-hidden">Measurements of {name}, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col" className="num">
              Video
            </th>
            <th scope="col" className="num">
              Audio
            </th>
            <th scope="col" className="num">
              Frames a second
            </th>
            <th scope="col" className="num">
              Key frames every
            </th>
            <th scope="col" className="num">
              Clock drift
            </th>
            <th scope="col" className="num">
              Packets left out
            </th>
          </tr>
        </thead>
        <tbody>
          {thin(samples, ROWS).map((sample) => (
            <tr key={sample.at}>
              <th scope="row">{timeOfDay(sample.at)}</th>
              <td className="num">{or(sample.videoBps, bitrate)}</td>
              <td className="num">{or(sample.audioBps, bitrate)}</td>
              <td className="num">{or(sample.fps, (value) => value.toFixed(1))}</td>
              <td className="num">{or(sample.gopSeconds, (value) => `${value.toFixed(2)} s`)}</td>
              <td className="num">{or(sample.driftMs, delay)}</td>
              <td className="num">{sample.dropped}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
