import { Paperclip, SendHorizontal, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { ChatMessage } from '#contracts';
import { IconButton } from '../../ui/button.tsx';
import { mayFocusField } from '../../ui/focus.ts';
import { AttachmentList } from '../files/attachment-list.tsx';
import { filesIn } from '../files/use-drop.ts';
import type { RoomSession } from '../room-session.ts';
import { SignalError } from '../signal/signal-client.ts';
import { mayWrite, type RoomState } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { MOST_CHARACTERS } from './edit-form.tsx';

const EVERYBODY = 'all';

/** Where one writes, and to whom. */
export function Composer({
  session,
  state,
  replyTo,
  onReplied,
  onEditLast,
  onFailure,
}: {
  session: RoomSession;
  state: RoomState;
  replyTo: ChatMessage | undefined;
  onReplied: () => void;
  onEditLast: () => void;
  onFailure: (text: string | undefined) => void;
}) {
  const { attachments } = session;
  const attached = useStore(attachments.list);
  const [text, setText] = useState('');
  const [to, setTo] = useState(EVERYBODY);
  const field = useRef<HTMLTextAreaElement>(null);
  const others = Object.values(state.people);
  const receiver = state.people[to] === undefined ? EVERYBODY : to;
  useEffect(() => {
    if (replyTo !== undefined || mayFocusField()) field.current?.focus();
  }, [replyTo]);
  const isReady = attached.every(({ state }) => state.name === 'ready');
  const maySend = isReady && (text.trim() !== '' || attached.length > 0);
  const send = async () => {
    if (!maySend) return;
    const message = text.trim();
    const how = {
      type: 'chat' as const,
      ...(receiver === EVERYBODY ? {} : { to: receiver }),
      ...(replyTo === undefined ? {} : { replyTo: replyTo.messageId }),
    };
    setText('');
    onReplied();
    onFailure(undefined);
    let isSaid = false;
    try {
      // Words go with the first file; each further file is a message of its own.
      for (const { key, state } of attached) {
        if (state.name !== 'ready') continue;
        const { fileId } = state.file;
        await session.request({ ...how, message: isSaid ? '' : message, fileId });
        isSaid = true;
        attachments.remove(key);
      }
      if (!isSaid) await session.request({ ...how, message });
    } catch (error) {
      // Nothing that somebody wrote gets lost.
      if (!isSaid) setText((now) => (now === '' ? message : now));
      onFailure(error instanceof SignalError ? error.message : String(error));
    }
  };
  if (!mayWrite(state)) return <p className="chat-closed dim">Only hosts may write here.</p>;
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {replyTo !== undefined && (
        <p className="composer-reply">
          <span>
            To <bdi>{replyTo.displayName}</bdi>:{' '}
            <bdi>{replyTo.message === '' ? replyTo.file?.name : replyTo.message}</bdi>
          </span>
          <button
            type="button"
            className="chat-action"
            aria-label="Do not reply"
            onClick={onReplied}
          >
            <X size={15} aria-hidden="true" />
          </button>
        </p>
      )}
      <AttachmentList attachments={attachments} />
      <label className="composer-to">
        To
        <select value={receiver} onChange={(event) => setTo(event.target.value)}>
          <option value={EVERYBODY}>everybody</option>
          {others.map(({ participantId, displayName }) => (
            <option key={participantId} value={participantId}>
              {displayName} only
            </option>
          ))}
        </select>
      </label>
      <div className="composer-line">
        <AttachButton onFiles={(files) => attachments.add(files)} />
        <textarea
          ref={field}
          aria-label="Message"
          placeholder="Write a message"
          rows={1}
          dir="auto"
          maxLength={MOST_CHARACTERS}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onPaste={(event) => {
            const files = filesIn(event.clipboardData);
            if (files.length === 0) return;
            event.preventDefault();
            attachments.add(files);
          }}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (event.key === 'ArrowUp' && text === '') {
              event.preventDefault();
              onEditLast();
            }
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            send();
          }}
        />
        <IconButton
          label="Send"
          type="submit"
          look="primary"
          icon={<SendHorizontal size={18} aria-hidden="true" />}
          isDisabled={!maySend}
        />
      </div>
    </form>
  );
}

/** Opens the system's own choice of files. */
function AttachButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton
        label="Send files"
        icon={<Paperclip size={18} aria-hidden="true" />}
        onPress={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to send"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          // The same file may be chosen again.
          event.target.value = '';
        }}
      />
    </>
  );
}
