import { useEffect, useState } from 'react';
import { clock } from '../../ui/format.ts';

/** How long it is until then, by the server's clock. */
export function Countdown({ to, offsetMs }: { to: number; offsetMs: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <span role="timer">{clock(to - now - offsetMs)}</span>;
}
