import { Ban, Ellipsis, MessageSquare, MonitorUp, UserMinus } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { CallMedia, Contact } from '#contracts';
import { Avatar } from '../../room/view/avatar.tsx';
import { plural } from '../../ui/format.ts';
import { CallButtons, mayShareScreen } from './call-buttons.tsx';
import { PRESENCE_WORDS } from './presence-words.ts';

/** Somebody one knows: whether they are there, and the ways to reach them. */
export function ContactRow({
  contact,
  unread,
  isOpen,
  mayCall,
  onOpen,
  onCall,
  onBlock,
  onRemove,
}: {
  contact: Contact;
  unread: number;
  isOpen: boolean;
  mayCall: boolean;
  onOpen: () => void;
  onCall: (media: CallMedia) => void;
  onBlock: () => void;
  onRemove: () => void;
}) {
  const { displayName, picture, presence = 'offline' } = contact;
  return (
    <li className="contact" data-open={isOpen || undefined}>
      <button
        type="button"
        className="contact-main"
        aria-current={isOpen || undefined}
        onClick={onOpen}
      >
        <span className="contact-face" data-presence={presence}>
          <Avatar name={displayName} picture={picture} size="contact" />
        </span>
        <span className="contact-name">
          <bdi>{displayName}</bdi>
          <span className="dim small">{PRESENCE_WORDS[presence]}</span>
        </span>
        {unread > 0 && (
          <span className="contact-unread">
            <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
            <span className="visually-hidden"> {plural(unread, 'message', 'messages')} unread</span>
          </span>
        )}
      </button>
      <CallButtons
        name={displayName}
        kinds={['audio', 'video']}
        isDisabled={!mayCall}
        onCall={onCall}
      />
      <RowMenu
        name={displayName}
        items={[
          { id: 'write', label: 'Write', icon: <MessageSquare size={16} />, onAction: onOpen },
          mayCall &&
            mayShareScreen() && {
              id: 'screen',
              label: 'Call and share the screen',
              icon: <MonitorUp size={16} />,
              onAction: () => onCall('screen'),
            },
          { id: 'remove', label: 'Remove', icon: <UserMinus size={16} />, onAction: onRemove },
          {
            id: 'block',
            label: 'Block',
            icon: <Ban size={16} />,
            onAction: onBlock,
            isDanger: true,
          },
        ]}
      />
    </li>
  );
}

interface RowAction {
  id: string;
  label: string;
  icon: ReactNode;
  onAction: () => void;
  isDanger?: boolean;
}

function RowMenu({ name, items }: { name: string; items: readonly (RowAction | false)[] }) {
  return (
    <MenuTrigger>
      <AriaButton className="btn btn-plain btn-icon" aria-label={`More for ${name}`}>
        <Ellipsis size={18} aria-hidden="true" />
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={`More for ${name}`}>
          {items
            .filter((item) => item !== false)
            .map(({ id, label, icon, onAction, isDanger }) => (
              <MenuItem
                key={id}
                id={id}
                className={`menu-item${isDanger === true ? ' menu-item-danger' : ''}`}
                textValue={label}
                onAction={onAction}
              >
                <span aria-hidden="true">{icon}</span>
                {label}
              </MenuItem>
            ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
