import { useMemo, useState } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { EventView, SourceView } from '#contracts';
import { type History, type Sample, windowOf } from '../../api/history.ts';
import { LineChart } from '../../ui/chart/line-chart.tsx';
import { bitrate, count, delay } from '../../ui/format.ts';
import { Empty, Notice } from '../../ui/notice.tsx';
import { HealthTable } from './health-table.tsx';
import { useTime } from './use-event.ts';
import './health.css';

/** How a source does, now and over the last minutes. */
export function Health({
  event,
  history,
  clockAheadMs,
}: {
  event: EventView;
  history: History;
  clockAheadMs: number;
}) {
  const measured = event.sources.filter(({ health }) => health !== undefined);
  const [chosen, setChosen] = useState<string>();
  const [view, setView] = useState<'graphs' | 'table'>('graphs');
  const source =
    measured.find(({ sourceId }) => sourceId === (chosen ?? event.onAir)) ?? measured[0];
  if (source === undefined) {
    return (
      <Empty title="Nothing to measure yet">
        When an encoder connects, its bitrate, frame rate and key frames appear here, with advice
        where something could be better.
      </Empty>
    );
  }
  const samples = history.sources.get(source.sourceId) ?? [];
  return (
    <div className="stack">
      <div className="health-bar">
        {measured.length > 1 ? (
          <Segments
            label="Source"
            options={measured.map(({ sourceId, name }) => ({ id: sourceId, label: name }))}
            value={source.sourceId}
            onChange={setChosen}
          />
        ) : (
          <h2>{source.name}</h2>
        )}
        <Segments
          label="Show as"
          options={[
            { id: 'graphs', label: 'Graphs' },
            { id: 'table', label: 'Table' },
          ]}
          value={view}
          onChange={(id) => setView(id === 'table' ? 'table' : 'graphs')}
        />
      </div>
      <Advice source={source} />
      {view === 'graphs' ? (
        <Graphs samples={samples} history={history} clockAheadMs={clockAheadMs} />
      ) : (
        <HealthTable name={source.name} samples={samples} />
      )}
    </div>
  );
}

function Advice({ source }: { source: SourceView }) {
  const { health } = source;
  if (health === undefined) return null;
  if (!health.connected) return <Notice level="warn">{source.name} is not connected.</Notice>;
  if (health.advice.length === 0) {
    return <p className="health-fine">All is well: nothing to change on the encoder.</p>;
  }
  return (
    <ul className="stack health-advice" aria-label="Advice">
      {health.advice.map(({ code, level, text }) => (
        <li key={code}>
          <Notice level={level}>{text}</Notice>
        </li>
      ))}
    </ul>
  );
}

const REDRAW_MS = 1_000;

function Graphs({
  samples,
  history,
  clockAheadMs,
}: {
  samples: readonly Sample[];
  history: History;
  clockAheadMs: number;
}) {
  const { viewers } = history;
  const { from, to } = windowOf(history, useTime(REDRAW_MS) - clockAheadMs);
  const series = useMemo(() => seriesOf(samples, viewers), [samples, viewers]);
  return (
    <div className="health-graphs">
      <LineChart
        title="Bitrate"
        series={series.bitrate}
        from={from}
        to={to}
        format={bitrate}
        formatTick={(value) => (value >= 1e6 ? `${value / 1e6} M` : `${Math.round(value / 1e3)} k`)}
        minSpan={300_000}
      />
      <LineChart
        title="Frames a second"
        series={series.fps}
        from={from}
        to={to}
        format={(value) => value.toFixed(1)}
        formatTick={String}
        minSpan={30}
      />
      <LineChart
        title="Key frames every"
        series={series.gop}
        from={from}
        to={to}
        format={(value) => `${value.toFixed(2)} s`}
        formatTick={(value) => `${value} s`}
        minSpan={3}
      />
      <LineChart
        title="Clock drift"
        series={series.drift}
        from={from}
        to={to}
        format={delay}
        minSpan={200}
        fromZero={false}
      />
      <LineChart
        title="Packets left out"
        series={series.dropped}
        from={from}
        to={to}
        format={count}
        minSpan={3}
      />
      <LineChart
        title="Watching"
        series={series.viewers}
        from={from}
        to={to}
        format={count}
        minSpan={3}
      />
    </div>
  );
}

function seriesOf(samples: readonly Sample[], viewers: History['viewers']) {
  const one = (name: string, color: string, of: (sample: Sample) => number | undefined) => ({
    name,
    color,
    points: samples.map((sample) => ({ at: sample.at, value: of(sample) })),
  });
  const accent = 'var(--accent-text)';
  return {
    bitrate: [
      one('video', accent, ({ videoBps }) => videoBps),
      one('audio', 'var(--series-2)', ({ audioBps }) => audioBps),
    ],
    fps: [one('Frames', accent, ({ fps }) => fps)],
    gop: [one('Interval', accent, ({ gopSeconds }) => gopSeconds)],
    drift: [one('Drift', accent, ({ driftMs }) => driftMs)],
    dropped: [one('Packets', 'var(--danger)', ({ dropped }) => dropped)],
    viewers: [
      {
        name: 'Viewers',
        color: 'var(--series-2)',
        points: viewers.map(({ at, viewers: value }) => ({ at, value })),
      },
    ],
  };
}

function Segments({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly { id: string; label: string }[];
  value: string;
  onChange: (id: string) => void;
}) {
  return (
    <ToggleButtonGroup
      className="segments"
      aria-label={label}
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        if (key !== undefined) onChange(String(key));
      }}
    >
      {options.map((option) => (
        <ToggleButton key={option.id} id={option.id} className="segment">
          {option.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
