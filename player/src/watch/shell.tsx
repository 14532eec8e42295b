import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { viewersText } from '../playback/format.ts';
import type { Playback } from '../playback/index.ts';
import { Brand } from './brand.tsx';
import { ShareDialog } from './share.tsx';
import { useInfo, useView } from './use-playback.ts';
import { useStageDoor } from './use-stage-door.ts';
import '@fontsource-variable/familjen-grotesk/wght.css';

/** What stands around the player: brand, title, viewers, sharing. */
export function openShell(playback: Playback): void {
  const top = document.getElementById('top');
  const below = document.getElementById('below');
  if (top === null || below === null) throw new Error('the page has no place for its shell');
  createRoot(below).render(<Shell playback={playback} top={top} />);
}

function Shell({ playback, top }: { playback: Playback; top: Element }) {
  const info = useInfo(playback);
  const view = useView(playback);
  const [sharing, setSharing] = useState(false);
  useEffect(() => {
    document.title = info.title === '' ? 'Amphi' : `${info.title} · Amphi`;
  }, [info.title]);
  const onAir = view.name === 'playing';
  const room = useStageDoor(playback, onAir);
  return (
    <>
      {createPortal(
        <header className="watch-top">
          <Brand />
        </header>,
        top,
      )}
      <section className="watch-about" aria-label="About this broadcast">
        <div className="watch-words">
          <h1 dir="auto">{info.title || ' '}</h1>
          <p className="watch-meta">
            {onAir && (
              <span className="watch-live" data-interrupted={view.interrupted || undefined}>
                {view.interrupted ? 'Interrupted' : 'Live'}
              </span>
            )}
            {view.name === 'ended' && <span>Ended</span>}
            {onAir && info.viewers > 0 && <span>{viewersText(info.viewers)}</span>}
            {onAir && info.startedAt !== undefined && <Since at={info.startedAt} />}
          </p>
        </div>
        {room !== undefined && (
          <a className="watch-button" href={room} target="_blank" rel="noreferrer">
            Join on stage
          </a>
        )}
        {info.title !== '' && (
          <button type="button" className="watch-button" onClick={() => setSharing(true)}>
            Share
          </button>
        )}
      </section>
      <ShareDialog playback={playback} open={sharing} onClose={() => setSharing(false)} />
    </>
  );
}

const MINUTE_MS = 60_000;

/** For how long it has been on air; counts on by itself. */
function Since({ at }: { at: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, []);
  const minutes = Math.max(0, Math.floor((now - at) / MINUTE_MS));
  const hours = Math.floor(minutes / 60);
  const text =
    minutes < 1
      ? 'just started'
      : hours < 1
        ? `on air for ${minutes} min`
        : `on air for ${hours} h ${minutes % 60} min`;
  return <time dateTime={new Date(at).toISOString()}>{text}</time>;
}
