import { Pencil, Reply, SmilePlus, Trash2 } from 'lucide-react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { ChatMessage } from '#contracts';
import { FileCard } from '../files/file-card.tsx';
import type { FilePlace } from '../files/transfer.ts';
import { EditForm } from './edit-form.tsx';
import { piecesOf } from './links.ts';
import '../view/emoji.css';

const EMOJI = ['👍', '❤️', '😂', '🎉', '👀'] as const;

export interface MessageProps {
  message: ChatMessage;
  /** Stands under the name of the one before. */
  follows: boolean;
  /** What it answers. */
  quoted: ChatMessage | undefined;
  selfId: string | undefined;
  nameOf: (participantId: string) => string;
  files: FilePlace;
  /** The one of which Tab reaches what can be done to it. */
  isCurrent: boolean;
  isEditing: boolean;
  mayEdit: boolean;
  mayDelete: boolean;
  onReply: () => void;
  onReact: (emoji: string, on: boolean) => void;
  onEdit: () => void;
  /** Rejects when it was refused. */
  onEdited: (text: string) => Promise<void>;
  onEditEnd: () => void;
  onDelete: () => void;
}

/** One message, with what can be done to it. */
export function Message(props: MessageProps) {
  const { message, follows, quoted, selfId, nameOf, isEditing } = props;
  const isOwn = message.from === selfId;
  const isDeleted = message.deleted === true;
  return (
    <li
      className="chat-message"
      data-message={message.messageId}
      data-own={isOwn || undefined}
      data-follows={follows || undefined}
      tabIndex={-1}
    >
      {!follows && (
        <p className="chat-who">
          <bdi>{isOwn ? 'You' : message.displayName}</bdi>
          {message.to !== undefined && (
            <span className="chat-private">
              to <bdi>{message.to === selfId ? 'you' : nameOf(message.to)}</bdi> only
            </span>
          )}
          <time dateTime={new Date(message.timestamp).toISOString()}>
            {TIME.format(message.timestamp)}
          </time>
        </p>
      )}
      {isEditing && !isDeleted ? (
        <EditForm text={message.message} onSave={props.onEdited} onCancel={props.onEditEnd} />
      ) : (
        <div className="chat-bubble">
          {message.replyTo !== undefined && <Quote quoted={quoted} />}
          {isDeleted ? <p className="chat-deleted">Deleted</p> : <Words message={message} />}
          {message.file !== undefined && <FileCard file={message.file} place={props.files} />}
        </div>
      )}
      <Reactions {...props} />
      {!isDeleted && !isEditing && message.from !== undefined && <Actions {...props} />}
    </li>
  );
}

function Quote({ quoted }: { quoted: ChatMessage | undefined }) {
  if (quoted === undefined) return <p className="chat-quote">To an older message</p>;
  const { displayName, deleted, message, file } = quoted;
  return (
    <p className="chat-quote">
      <bdi>{displayName}</bdi>:{' '}
      <bdi>{deleted === true ? 'deleted' : message === '' ? file?.name : message}</bdi>
    </p>
  );
}

/** Nothing in it is ever markup. */
function Words({ message: { message, editedAt } }: { message: ChatMessage }) {
  if (message === '') return null;
  return (
    <p className="chat-text" dir="auto">
      {piecesOf(message).map(({ text, href }, i) =>
        href === undefined ? (
          text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a message never move.
          <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow">
            {text}
          </a>
        ),
      )}
      {editedAt !== undefined && (
        <span className="dim small" title={`Edited at ${TIME.format(editedAt)}`}>
          {' '}
          (edited)
        </span>
      )}
    </p>
  );
}

function Reactions({ message, selfId, nameOf, isCurrent, onReact }: MessageProps) {
  const reactions = Object.entries(message.reactions ?? {}).filter(([, who]) => who.length > 0);
  if (reactions.length === 0) return null;
  return (
    <ul className="chat-reactions" aria-label="Reactions">
      {reactions.map(([emoji, who]) => {
        const isMine = selfId !== undefined && who.includes(selfId);
        const names = who.map((id) => (id === selfId ? 'You' : nameOf(id))).join(', ');
        return (
          <li key={emoji}>
            <button
              type="button"
              aria-pressed={isMine}
              aria-label={`${emoji} ${who.length}: ${names}`}
              title={names}
              tabIndex={isCurrent ? 0 : -1}
              onClick={() => onReact(emoji, !isMine)}
            >
              {emoji} {who.length}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Actions({
  message,
  isCurrent,
  mayEdit,
  mayDelete,
  onReply,
  onReact,
  onEdit,
  onDelete,
}: MessageProps) {
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <div className="chat-actions">
      <MenuTrigger>
        <AriaButton
          className="chat-action"
          aria-label="React to this message"
          excludeFromTabOrder={!isCurrent}
        >
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
      <ActionButton label="Reply" tabIndex={tabIndex} onClick={onReply}>
        <Reply size={15} aria-hidden="true" />
      </ActionButton>
      {mayEdit && message.message !== '' && (
        <ActionButton label="Edit" tabIndex={tabIndex} onClick={onEdit}>
          <Pencil size={15} aria-hidden="true" />
        </ActionButton>
      )}
      {mayDelete && (
        <ActionButton label="Delete" tabIndex={tabIndex} onClick={onDelete}>
          <Trash2 size={15} aria-hidden="true" />
        </ActionButton>
      )}
    </div>
  );
}

function ActionButton({
  label,
  tabIndex,
  onClick,
  children,
}: {
  label: string;
  tabIndex: number;
  onClick: () => void;
  children: React.ReactNode;
}) {
  return (
    <button
      type="button"
      className="chat-action"
      aria-label={label}
      title={label}
      tabIndex={tabIndex}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
