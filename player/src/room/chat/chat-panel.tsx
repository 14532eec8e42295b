import { useEffect, useRef, useState } from 'react';
import type { ChatMessage } from '#contracts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import type { RoomSession } from '../room-session.ts';
import { isHost, mayWrite, nameOf } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { SidePanel } from '../view/side-panel.tsx';
import { Composer } from './composer.tsx';
import { Message } from './message.tsx';
import { stepFrom } from './steps.ts';
import { useFollowed } from './use-followed.ts';
import './chat.css';

const TWO_MINUTES_MS = 120_000;

/** What people write to each other, and where one writes. */
export function ChatPanel({ session, onClose }: { session: RoomSession; onClose: () => void }) {
  const state = useStore(session.state);
  const [replyTo, setReplyTo] = useState<ChatMessage>();
  const [editing, setEditing] = useState<string>();
  const [deleting, setDeleting] = useState<ChatMessage>();
  const [failure, setFailure] = useState<string>();
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // What comes while nobody looks at the page is unread, however open the list.
    const tell = () => session.setChatOpen(!document.hidden);
    tell();
    document.addEventListener('visibilitychange', tell);
    return () => {
      document.removeEventListener('visibilitychange', tell);
      session.setChatOpen(false);
    };
  }, [session]);
  useFollowed(list, state.chat);
  const { current, onKeyDown, onFocus } = useSteps(list, state.chat);

  const selfId = state.self?.participantId;
  const older = () => {
    const [first] = state.chat;
    session.do(
      { type: 'chat-history', ...(first === undefined ? {} : { before: first.messageId }) },
      setFailure,
    );
  };
  const editLast = () => {
    const last = state.chat.findLast(
      ({ from, deleted, message }) => from === selfId && deleted !== true && message !== '',
    );
    setEditing(last?.messageId);
  };
  const stopEditing = (messageId: string) => {
    setEditing(undefined);
    list.current?.querySelector<HTMLElement>(`[data-message="${messageId}"]`)?.focus();
  };
  return (
    <SidePanel title="Chat" isForWriting={mayWrite(state)} onClose={onClose}>
      <ol
        className="chat-list"
        ref={list}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        aria-label="Messages. Arrow keys go from one to the next."
        onKeyDown={onKeyDown}
        onFocus={onFocus}
      >
        {state.moreChat && (
          <li className="chat-more">
            <button type="button" className="chat-older" onClick={older}>
              Older messages
            </button>
          </li>
        )}
        {state.chat.length === 0 && (
          <li className="chat-empty">
            <p>Nothing has been written yet.</p>
            <p className="dim small">Who joins later sees what is written here, too.</p>
          </li>
        )}
        {state.chat.map((message, i) => {
          const { messageId } = message;
          const isOwn = message.from === selfId;
          return (
            <Message
              key={messageId}
              message={message}
              follows={follows(state.chat[i - 1], message)}
              quoted={state.chat.find((one) => one.messageId === message.replyTo)}
              selfId={selfId}
              nameOf={(id) => nameOf(state, id)}
              files={session.files}
              isCurrent={messageId === current}
              isEditing={messageId === editing}
              mayEdit={isOwn}
              mayDelete={isOwn || isHost(state.self)}
              onReply={() => setReplyTo(message)}
              onReact={(emoji, on) =>
                session.do({ type: 'chat-react', messageId, emoji, on }, setFailure)
              }
              onEdit={() => setEditing(messageId)}
              onEdited={async (text) => {
                await session.request({ type: 'chat-edit', messageId, message: text });
                stopEditing(messageId);
              }}
              onEditEnd={() => stopEditing(messageId)}
              onDelete={() => setDeleting(message)}
            />
          );
        })}
      </ol>
      {failure !== undefined && (
        <p className="chat-failure" role="alert">
          {failure}
        </p>
      )}
      <Composer
        session={session}
        state={state}
        replyTo={replyTo}
        onReplied={() => setReplyTo(undefined)}
        onEditLast={editLast}
        onFailure={setFailure}
      />
      <ConfirmDialog
        title="Delete this message?"
        action="Delete"
        isOpen={deleting !== undefined}
        onClose={() => setDeleting(undefined)}
        onConfirm={async () => {
          if (deleting === undefined) return;
          const { messageId } = deleting;
          await session.request({ type: 'chat-delete', messageId });
        }}
      >
        Everybody sees that something was deleted, and nobody what it was.
      </ConfirmDialog>
    </SidePanel>
  );
}

/** Whether a message stands under the name of the one before it. */
const follows = (before: ChatMessage | undefined, message: ChatMessage): boolean =>
  before !== undefined &&
  before.from === message.from &&
  before.to === message.to &&
  message.timestamp - before.timestamp < TWO_MINUTES_MS;

/**
 * One message at a time can be reached by Tab, with what can be done to it; the
 * arrows go from one to the next. Otherwise Tab would never come to an end.
 */
function useSteps(list: React.RefObject<HTMLElement | null>, chat: readonly ChatMessage[]) {
  const [chosen, setChosen] = useState<string>();
  const ids = chat.map(({ messageId }) => messageId);
  const current = chosen !== undefined && ids.includes(chosen) ? chosen : ids.at(-1);
  return {
    current,
    onFocus: (event: React.FocusEvent) => {
      const row = event.target.closest<HTMLElement>('[data-message]');
      if (row !== null) setChosen(row.dataset['message']);
    },
    onKeyDown: (event: React.KeyboardEvent<HTMLElement>) => {
      const { target } = event;
      if (!(target instanceof HTMLElement) || target.closest('textarea, [role=menu]')) return;
      const isInside = target !== list.current;
      const next = stepFrom(ids, isInside ? current : undefined, event.key);
      if (next === undefined) return;
      event.preventDefault();
      list.current?.querySelector<HTMLElement>(`[data-message="${next}"]`)?.focus();
    },
  };
}
