import { ArrowLeft, SendHorizontal, X } from 'lucide-react';
import { type FormEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Contact, DirectMessage } from '#contracts';
import { textOf } from '../../api/client.ts';
import { piecesOf } from '../../room/chat/links.ts';
import { Avatar } from '../../room/view/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import { mayFocusField } from '../../ui/focus.ts';
import { Skeleton } from '../../ui/notice.tsx';
import type { CallCenter } from '../call-center.ts';
import { CallButtons, mayShareScreen } from '../contacts/call-buttons.tsx';
import { PRESENCE_WORDS } from '../contacts/presence-words.ts';
import type { CallsState } from '../state/calls-state.ts';
import './thread.css';

const MOST_CHARACTERS = 4_000;
/** So near the end, one reads along. */
const NEAR_END = 60;

/** What is written with one contact. */
export function Thread({
  center,
  state,
  contact,
}: {
  center: CallCenter;
  state: CallsState;
  contact: Contact;
}) {
  const { userId, displayName, picture, presence = 'offline' } = contact;
  const conversation = state.conversations[userId];
  const messages = conversation?.messages ?? [];
  const list = useRef<HTMLOListElement>(null);
  useFollowed(list, messages);
  const mayCall = state.call === undefined && state.socket === 'open';
  return (
    <section className="thread panel" aria-labelledby="thread-title">
      <header className="thread-head">
        <span className="thread-back">
          <IconButton
            label="Back to the contacts"
            icon={<ArrowLeft size={20} aria-hidden="true" />}
            onPress={() => center.open(undefined)}
          />
        </span>
        <span className="contact-face" data-presence={presence}>
          <Avatar name={displayName} picture={picture} size="contact" />
        </span>
        <div className="contact-name">
          <h2 id="thread-title">
            <bdi>{displayName}</bdi>
          </h2>
          <span className="dim small">{PRESENCE_WORDS[presence]}</span>
        </div>
        <CallButtons
          name={displayName}
          kinds={mayShareScreen() ? ['audio', 'video', 'screen'] : ['audio', 'video']}
          isDisabled={!mayCall}
          onCall={(media) => center.call(contact, media)}
        />
        <span className="thread-close">
          <IconButton
            label="Close the conversation"
            icon={<X size={18} aria-hidden="true" />}
            onPress={() => center.open(undefined)}
          />
        </span>
      </header>
      <ol
        className="thread-list"
        ref={list}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
        tabIndex={0}
        aria-label={`Messages with ${displayName}`}
        aria-live="polite"
        aria-relevant="additions"
      >
        {conversation === undefined && (
          <li>
            <Skeleton height="3rem" width="60%" />
          </li>
        )}
        {conversation?.more === true && (
          <li className="thread-more">
            <button type="button" className="thread-older" onClick={() => center.readOlder(userId)}>
              Show older messages
            </button>
          </li>
        )}
        {conversation !== undefined && messages.length === 0 && (
          <li className="thread-empty dim">
            Nothing written yet. What you write here, only the two of you read.
          </li>
        )}
        {messages.map((message, i) => (
          <Message
            key={message.messageId}
            message={message}
            before={messages[i - 1]}
            isOwn={message.from === state.selfId}
          />
        ))}
      </ol>
      <Composer center={center} to={userId} />
    </section>
  );
}

function Message({
  message,
  before,
  isOwn,
}: {
  message: DirectMessage;
  before: DirectMessage | undefined;
  isOwn: boolean;
}) {
  const { timestamp } = message;
  const isNewDay = before === undefined || dayOf(before.timestamp) !== dayOf(timestamp);
  return (
    <>
      {isNewDay && <li className="thread-day dim small">{dayOf(timestamp)}</li>}
      <li className="thread-message" data-own={isOwn || undefined}>
        <span className="visually-hidden">{isOwn ? 'You: ' : ''}</span>
        <p className="thread-text" dir="auto">
          {piecesOf(message.message).map(({ text, href }, i) =>
            href === undefined ? (
              text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text never move.
              <a key={i} href={href} target="_blank" rel="noreferrer noopener">
                {text}
              </a>
            ),
          )}
        </p>
        <time className="dim" dateTime={new Date(timestamp).toISOString()}>
          {TIME.format(timestamp)}
        </time>
      </li>
    </>
  );
}

function Composer({ center, to }: { center: CallCenter; to: string }) {
  const [text, setText] = useState('');
  const [failure, setFailure] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (mayFocusField()) field.current?.focus();
  }, []);
  const send = async () => {
    const message = text.trim();
    if (message === '') return;
    setText('');
    setFailure(undefined);
    try {
      await center.write(to, message);
    } catch (error) {
      // Nothing that somebody wrote gets lost.
      setText((now) => (now === '' ? message : now));
      setFailure(textOf(error));
    }
  };
  return (
    <form
      className="thread-composer"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send();
      }}
    >
      {failure !== undefined && (
        <p className="thread-failure small" role="alert">
          Not sent: {failure}
        </p>
      )}
      <textarea
        ref={field}
        className="input"
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
    </form>
  );
}

const TIME = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });
const DAY = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const dayOf = (ms: number): string => DAY.format(ms);

/** Keeps the newest message in sight, unless somebody reads further up. */
function useFollowed(
  ref: React.RefObject<HTMLElement | null>,
  messages: readonly DirectMessage[],
): void {
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
  const newest = messages.at(-1)?.messageId;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message is what moves it.
  useLayoutEffect(() => {
    const { current } = ref;
    if (current !== null && isAtEnd.current) current.scrollTop = current.scrollHeight;
  }, [ref, newest]);
}
