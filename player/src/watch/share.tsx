import { useEffect, useId, useRef, useState } from 'react';
import { dayTime } from '../playback/format.ts';
import type { Playback } from '../playback/index.ts';
import { useCopied } from '../ui/use-copied.ts';
import { embedCode, shareLink } from './links.ts';

/** Links to hand on: to the broadcast, to this moment of it, and the code to put it into another page. */
export function ShareDialog(props: { playback: Playback; open: boolean; onClose: () => void }) {
  const { playback, open, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [atMs, setAtMs] = useState<number>();
  const [atMoment, setAtMoment] = useState(false);
  const title = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    if (open && !element.open) {
      setAtMs(playback.follower.positionMs);
      setAtMoment(!playback.following);
      element.showModal();
    } else if (!open && element.open) {
      element.close();
    }
  }, [open, playback]);
  const moment = atMoment ? atMs : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the dialog closes it; the keyboard has Escape.
    <dialog
      ref={dialog}
      className="watch-dialog"
      aria-labelledby={title}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="watch-dialog-body">
        <h2 id={title}>Share this broadcast</h2>
        {playback.wire.token !== undefined && (
          <p className="watch-note">
            This broadcast is private. The link opens for people who have been given access; others
            need a link of their own from the host.
          </p>
        )}
        <Copyable label="Link" text={shareLink(location.origin, playback.eventId, moment)} />
        <label className="watch-check">
          <input
            type="checkbox"
            checked={atMoment}
            disabled={atMs === undefined}
            onChange={(event) => setAtMoment(event.target.checked)}
          />
          Begin at {atMs === undefined ? 'this moment' : dayTime(atMs)}
        </label>
        <Copyable
          label="Embed"
          text={embedCode(location.origin, playback.eventId, playback.info.title)}
          long
        />
        <div className="watch-dialog-foot">
          <button type="button" className="watch-button" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </dialog>
  );
}

const SAID_MS = 2_500;

function Copyable({ label, text, long = false }: { label: string; text: string; long?: boolean }) {
  const [copied, setCopied] = useCopied(SAID_MS);
  const id = useId();
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Without permission, or without TLS, the text is selected and the viewer copies it.
    }
  };
  const common = {
    id,
    ref: field,
    readOnly: true,
    value: text,
    onFocus: () => field.current?.select(),
  };
  return (
    <div className="watch-copy">
      <label htmlFor={id}>{label}</label>
      {long ? <textarea rows={3} {...common} /> : <input {...common} />}
      <button type="button" className="watch-button" onClick={copy} aria-label={`Copy ${label}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <span className="watch-spoken" role="status">
        {copied ? `${label} copied` : ''}
      </span>
    </div>
  );
}
