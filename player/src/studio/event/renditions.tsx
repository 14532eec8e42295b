import type { EventView } from '#contracts';
import { bitrate, delay, frameRate, size } from '../../ui/format.ts';
import { Empty } from '../../ui/notice.tsx';
import '../../ui/table.css';

/** What the source is turned into for viewers. */
export function Renditions({ event }: { event: EventView }) {
  const { renditions } = event;
  if (renditions.length === 0) {
    return (
      <Empty title="No renditions yet">
        They are made while the event is on air: never larger than what comes in.
      </Empty>
    );
  }
  return (
    <div className="table-wrap panel">
      <table className="table">
        <caption className="visually-hidden">Renditions, best first</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Size</th>
            <th scope="col">Frame rate</th>
            <th scope="col" className="num">
              Measured
            </th>
            <th scope="col" className="num">
              Server delay
            </th>
            <th scope="col">Codecs</th>
          </tr>
        </thead>
        <tbody>
          {renditions.map(
            ({ name, width, height, frameRate: fps, codecs, bandwidth, behindMs }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {width === undefined || height === undefined ? 'Sound only' : size(width, height)}
                </td>
                <td>{fps === undefined ? '–' : frameRate(fps)}</td>
                <td className="num">{bitrate(bandwidth)}</td>
                <td className="num">{behindMs === undefined ? '–' : delay(behindMs)}</td>
                <td>
                  <code>{codecs}</code>
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}
