import { Activity, CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { bitrate, delay } from '../../ui/format.ts';
import type { Step } from './measure.ts';
import { type Measured, verdictOf } from './verdict.ts';
import './network.css';

type State =
  | { name: 'idle' }
  | { name: 'testing'; step: Step }
  | { name: 'done'; measured: Measured };

const STEPS: Record<Step, string> = {
  server: 'Asking the server…',
  way: 'Finding a way for sound and pictures…',
  rate: 'Sending a test picture there and back…',
};

const ICONS = { good: CircleCheck, fair: TriangleAlert, bad: CircleAlert };

/** Tests the way to the call server when somebody asks for it; joining never waits for it. */
export function NetworkCheck({ meetingId }: { meetingId: string }) {
  const [state, setState] = useState<State>({ name: 'idle' });
  const life = useRef<AbortController>(undefined);
  useEffect(() => () => life.current?.abort(), []);
  const start = async () => {
    const own = new AbortController();
    life.current = own;
    setState({ name: 'testing', step: 'server' });
    try {
      const { measure } = await import('./measure.ts');
      const measured = await measure(meetingId, {
        signal: own.signal,
        onStep: (step) => setState({ name: 'testing', step }),
      });
      setState({ name: 'done', measured });
      announce(verdictOf(measured).title);
    } catch {
      if (life.current === own) setState({ name: 'idle' });
    }
  };
  const stop = () => {
    life.current?.abort();
    setState({ name: 'idle' });
  };
  return (
    <section className="network" aria-label="Network">
      {state.name === 'done' && <Result measured={state.measured} />}
      {state.name === 'testing' ? (
        <div className="network-line" role="status">
          <span className="btn-busy-dot" aria-hidden="true" />
          <span>{STEPS[state.step]}</span>
          <Button size="small" look="plain" onPress={stop}>
            Stop
          </Button>
        </div>
      ) : (
        <Button size="small" icon={<Activity size={16} aria-hidden="true" />} onPress={start}>
          {state.name === 'done' ? 'Test the network again' : 'Test the network'}
        </Button>
      )}
    </section>
  );
}

function Result({ measured }: { measured: Measured }) {
  const { level, title, advice } = verdictOf(measured);
  const Icon = ICONS[level];
  const { httpMs, media } = measured;
  const roundTripMs = media?.roundTripMs ?? httpMs;
  const figures = [
    roundTripMs === undefined ? undefined : `There and back ${delay(roundTripMs)}`,
    media?.up === undefined ? undefined : `up ${about(media.up)}`,
    media?.down === undefined ? undefined : `down ${about(media.down)}`,
    media?.loss === undefined ? undefined : `lost ${Math.round(media.loss * 100)} %`,
  ].filter((one) => one !== undefined);
  return (
    <div className="network-result" data-level={level}>
      <Icon size={20} aria-hidden="true" />
      <div>
        <p className="network-title">{title}</p>
        {advice.map((text) => (
          <p key={text}>{text}</p>
        ))}
        {figures.length > 0 && <p className="dim small">{figures.join(', ')}</p>}
      </div>
    </div>
  );
}

/** The test sends no more than this: whoever has more is not told how much. */
const ENOUGH = 2_000_000;
const about = (bitsPerSecond: number): string =>
  bitsPerSecond >= ENOUGH ? `over ${ENOUGH / 1e6} Mbit/s` : bitrate(bitsPerSecond);
