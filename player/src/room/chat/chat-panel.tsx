import { Reply, SendHorizontal, SmilePlus, Trash2, X } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { ChatMessage } from '#contracts';
import { IconButton } from '../../ui/button.tsx';
import type { RoomSession } from '../room-session.ts';
import { SignalError } from '../signal/signal-client.ts';
import { isHost, nameOf, type RoomState } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { SidePanel } from '../view/side-panel.tsx';
import { piecesOf } from './links.ts';
import './chat.css';

const EVERYBODY = 'all';
const MOST_CHARACTERS = 4_000;
const EMOJI = ['👍', '❤️', '😂', '🎉', '👀'] as const;
const NEAR_END = 80;

/** What people write to each other, and where one writes. */
export function ChatPanel({ session, onClose }: { session: RoomSession; onClose: () => void }) {
  const state = useStore(session.state);
  const [replyTo, setReplyTo] = useState<ChatMessage>();
  const [failure, setFailure] = useState<string>();
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    session.setChatOpen(true);
    return () => session.setChatOpen(false);
  }, [session]);
  useFollowed(list, state.chat);
  const older = () => {
    const [first] = state.chat;
    session.do(
      { type: 'chat-history', ...(first === undefined ? {} : { before: first.messageId }) },
      setFailure,
    );
  };
  return (
    <SidePanel title="Chat" onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <ol className="chat-list" ref={list} tabIndex={0} aria-label="Messages">
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
        {state.chat.map((message, i) => (
          <Message
            key={message.messageId}
            message={message}
            before={state.chat[i - 1]}
            state={state}
            onReply={() => setReplyTo(message)}
            onReact={(emoji, on) =>
              session.do(
                { type: 'chat-react', messageId: message.messageId, emoji, on },
                setFailure,
              )
            }
            onDelete={() =>
              session.do({ type: 'chat-delete', messageId: message.messageId }, setFailure)
            }
          />
        ))}
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
        onFailure={setFailure}
      />
    </SidePanel>
  );
}

function Message({
  message,
  before,
  state,
  onReply,
  onReact,
  onDelete,
}: {
  message: ChatMessage;
  before: ChatMessage | undefined;
  state: RoomState;
  onReply: () => void;
  onReact: (emoji: string, on: boolean) => void;
  onDelete: () => void;
}) {
  const selfId = state.self?.participantId;
  const isOwn = message.from === selfId;
  const isDeleted = message.deleted === true;
  const follows =
    before !== undefined &&
    before.from === message.from &&
    before.to === message.to &&
    message.timestamp - before.timestamp < 120_000;
  const quoted = state.chat.find(({ messageId }) => messageId === message.replyTo);
  const reactions = Object.entries(message.reactions ?? {}).filter(([, who]) => who.length > 0);
  return (
    <li className="chat-message" data-own={isOwn || undefined} data-follows={follows || undefined}>
      {!follows && (
        <p className="chat-who">
          <bdi>{isOwn ? 'You' : message.displayName}</bdi>
          {message.to !== undefined && (
            <span className="chat-private">
              to <bdi>{message.to === selfId ? 'you' : nameOf(state, message.to)}</bdi> only
            </span>
          )}
          <time dateTime={new Date(message.timestamp).toISOString()}>
            {TIME.format(message.timestamp)}
          </time>
        </p>
      )}
      <div className="chat-bubble">
        {quoted !== undefined && (
          <p className="chat-quote">
            <bdi>{quoted.displayName}</bdi>: {quoted.deleted === true ? 'deleted' : quoted.message}
          </p>
        )}
        {isDeleted ? (
          <p className="chat-deleted">Deleted</p>
        ) : (
          <p className="chat-text" dir="auto">
            {piecesOf(message.message).map(({ text, href }, i) =>
              href === undefined ? (
                text
              ) : (
                // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a message never move.
                <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow">
                  {text}
                </a>
              ),
            )}
            {message.editedAt !== undefined && <span className="dim small"> (edited)</span>}
          </p>
        )}
      </div>
      {reactions.length > 0 && (
        <ul className="chat-reactions">
          {reactions.map(([emoji, who]) => {
            const isMine = selfId !== undefined && who.includes(selfId);
            return (
              <li key={emoji}>
                <button
                  type="button"
                  aria-pressed={isMine}
                  title={who.map((id) => nameOf(state, id)).join(', ')}
                  onClick={() => onReact(emoji, !isMine)}
                >
                  {emoji} {who.length}
                </button>
              </li>
            );
          })}
        </ul>
      )}
      {!isDeleted && message.from !== undefined && (
        <div className="chat-actions">
          <MenuTrigger>
            <AriaButton className="chat-action" aria-label="React to this message">
              <SmilePlus size={15} aria-hidden="true" />
            </AriaButton>
            <Popover className="popover emoji-popover">
              <Menu className="emoji-menu" aria-label="Reactions">
                {EMOJI.map((emoji) => (
                  <MenuItem
                    key={emoji}
                    className="emoji"
                    textValue={emoji}
                    onAction={() => onReact(emoji, true)}
                  >
                    {emoji}
                  </MenuItem>
                ))}
              </Menu>
            </Popover>
          </MenuTrigger>
          <button type="button" className="chat-action" aria-label="Reply" onClick={onReply}>
            <Reply size={15} aria-hidden="true" />
          </button>
          {(isOwn || isHost(state.self)) && (
            <button type="button" className="chat-action" aria-label="Delete" onClick={onDelete}>
              <Trash2 size={15} aria-hidden="true" />
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function Composer({
  session,
  state,
  replyTo,
  onReplied,
  onFailure,
}: {
  session: RoomSession;
  state: RoomState;
  replyTo: ChatMessage | undefined;
  onReplied: () => void;
  onFailure: (text: string | undefined) => void;
}) {
  const [text, setText] = useState('');
  const [to, setTo] = useState(EVERYBODY);
  const field = useRef<HTMLTextAreaElement>(null);
  const others = Object.values(state.people);
  const receiver = state.people[to] === undefined ? EVERYBODY : to;
  const mayWrite =
    state.meeting?.settings.chat !== 'nobody' &&
    (state.meeting?.settings.chat !== 'hosts' || isHost(state.self));
  useEffect(() => {
    // On a phone, the keyboard would cover what one came to read.
    if (replyTo !== undefined || matchMedia('(hover: hover)').matches) field.current?.focus();
  }, [replyTo]);
  const send = async () => {
    const message = text.trim();
    if (message === '') return;
    setText('');
    onReplied();
    onFailure(undefined);
    try {
      await session.request({
        type: 'chat',
        message,
        ...(receiver === EVERYBODY ? {} : { to: receiver }),
        ...(replyTo === undefined ? {} : { replyTo: replyTo.messageId }),
      });
    } catch (error) {
      // Nothing that somebody wrote gets lost.
      setText((now) => (now === '' ? message : now));
      onFailure(error instanceof SignalError ? error.message : String(error));
    }
  };
  if (!mayWrite) return <p className="chat-closed dim">Only hosts may write here.</p>;
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
            To <bdi>{replyTo.displayName}</bdi>: {replyTo.message}
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
        <textarea
          ref={field}
          aria-label="Message"
          placeholder="Write a message"
          rows={1}
          dir="auto"
          maxLength={MOST_CHARACTERS}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <IconButton
          label="Send"
          type="submit"
          look="primary"
          icon={<SendHorizontal size={18} aria-hidden="true" />}
          isDisabled={text.trim() === ''}
        />
      </div>
    </form>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Keeps the newest message in sight, unless somebody reads further up. */
function useFollowed(ref: React.RefObject<HTMLElement | null>, chat: readonly ChatMessage[]) {
  const isAtEnd = useRef(true);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const onScroll = () => {
      const { scrollHeight, scrollTop, clientHeight } = current;
      isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
    };
    current.addEventListener('scroll', onScroll);
    return () => current.removeEventListener('scroll', onScroll);
  }, [ref]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message is what moves it.
  useLayoutEffect(() => {
    const { current } = ref;
    if (current !== null && isAtEnd.current) current.scrollTop = current.scrollHeight;
  }, [ref, chat]);
}
