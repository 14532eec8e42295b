import { Volume2, VolumeX } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { IconButton } from '../../ui/button.tsx';
import { type Preview as LivePreview, openPreview, type PreviewState } from './live-preview.ts';
import './preview.css';

const FACTS_MS = 500;
/** A tab that nobody looks at leaves the line to those that somebody does. */
const HIDDEN_MS = 5_000;

export interface PreviewReport {
  /** How far the picture is behind what comes in, in milliseconds. */
  behindMs: number | undefined;
  height: number | undefined;
}

/** What goes out, as viewers get it. */
export function Preview({
  eventId,
  clockAheadMs,
  hasSlate,
  onReport,
}: {
  eventId: string;
  clockAheadMs: number;
  /** No source is on air: what goes out says so itself. */
  hasSlate: boolean;
  onReport: (report: PreviewReport) => void;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<PreviewState>('starting');
  const [muted, setMuted] = useState(true);
  const looking = useLooking();
  const ahead = useRef(clockAheadMs);
  ahead.current = clockAheadMs;

  useEffect(() => {
    const element = video.current;
    if (element === null || !looking) return;
    const preview: LivePreview = openPreview(element, eventId, setState);
    const timer = setInterval(() => {
      const { shownAt, height } = preview.facts();
      const behindMs = shownAt === undefined ? undefined : Date.now() - ahead.current - shownAt;
      onReport({ behindMs, height });
    }, FACTS_MS);
    return () => {
      clearInterval(timer);
      preview.close();
      onReport({ behindMs: undefined, height: undefined });
    };
  }, [eventId, looking, onReport]);

  const Icon = muted ? VolumeX : Volume2;
  return (
    <div className="preview">
      <video ref={video} playsInline muted={muted} aria-label="Live preview" data-state={state} />
      {state === 'starting' && (
        <p className="preview-note" role="status">
          The picture is on its way…
        </p>
      )}
      {state === 'stalled' && !hasSlate && (
        <p className="preview-note preview-stalled" role="status">
          Waiting for the picture…
        </p>
      )}
      <div className="preview-sound">
        <IconButton
          label={muted ? 'Listen' : 'Mute'}
          size="small"
          icon={<Icon size={16} aria-hidden="true" />}
          onPress={() => setMuted(!muted)}
        />
      </div>
    </div>
  );
}

/** Whether somebody looks at this tab, or did a moment ago. */
function useLooking(): boolean {
  const [looking, setLooking] = useState(!document.hidden);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => setLooking(false), HIDDEN_MS);
      else setLooking(true);
    };
    document.addEventListener('visibilitychange', changed);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', changed);
    };
  }, []);
  return looking;
}
