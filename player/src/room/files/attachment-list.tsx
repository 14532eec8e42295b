import { FileText, RotateCw, X } from 'lucide-react';
import { useStore } from '../use-store.ts';
import type { Attachment, Attachments } from './attachments.ts';
import { sizeOf } from './file-words.ts';
import './files.css';

/** What goes with the next message, and how far it is. */
export function AttachmentList({ attachments }: { attachments: Attachments }) {
  const list = useStore(attachments.list);
  const objection = useStore(attachments.objection);
  return (
    <>
      {objection !== undefined && (
        <p className="chat-failure" role="alert">
          {objection}
        </p>
      )}
      {list.length > 0 && (
        <ul className="attachments" aria-label="Files that go with the message">
          {list.map((one) => (
            <Row
              key={one.key}
              attachment={one}
              onRetry={() => attachments.retry(one.key)}
              onRemove={() => attachments.remove(one.key)}
            />
          ))}
        </ul>
      )}
    </>
  );
}

function Row({
  attachment,
  onRetry,
  onRemove,
}: {
  attachment: Attachment;
  onRetry: () => void;
  onRemove: () => void;
}) {
  const { name, size, state } = attachment;
  const percent = state.name === 'uploading' ? Math.round(state.part * 100) : 100;
  return (
    <li className="attachment" data-state={state.name}>
      <FileText size={18} aria-hidden="true" />
      <div className="attachment-text">
        <bdi className="attachment-name">{name}</bdi>
        <span className="dim small" role={state.name === 'failed' ? 'alert' : undefined}>
          {state.name === 'failed' ? state.text : sizeOf(size)}
          {state.name === 'uploading' && `, ${percent} %`}
        </span>
        {state.name === 'uploading' && (
          <progress max={100} value={percent} aria-label={`Uploading ${name}`} />
        )}
      </div>
      {state.name === 'failed' && (
        <button
          type="button"
          className="chat-action"
          aria-label={`Try ${name} again`}
          onClick={onRetry}
        >
          <RotateCw size={15} aria-hidden="true" />
        </button>
      )}
      <button
        type="button"
        className="chat-action"
        aria-label={`Take ${name} out`}
        onClick={onRemove}
      >
        <X size={15} aria-hidden="true" />
      </button>
    </li>
  );
}
