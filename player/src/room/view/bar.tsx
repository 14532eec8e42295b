import {
  Ellipsis,
  Hand,
  MessageSquare,
  Mic,
  MicOff,
  MonitorOff,
  MonitorUp,
  PhoneOff,
  Smile,
  Users,
  Video,
  VideoOff,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import './emoji.css';
import './bar.css';

/** What can be done with one press, and how things stand with it. */
export interface BarProps {
  isMicrophoneOn: boolean;
  isCameraOn: boolean;
  isSharing: boolean;
  isHandUp: boolean;
  mayPublish: boolean;
  /** Whether there is a button for it: where there is no room for one, it is in `more`. */
  mayShare: boolean;
  unread: number;
  /** How many there are, and how many wait to be let in. */
  people: number;
  waiting: number;
  /** What is open at the side. */
  panel: string | undefined;
  /** Whether letters do what the buttons do. */
  hasKeys: boolean;
  onMicrophone: () => void;
  onCamera: () => void;
  onShare: () => void;
  onHand: () => void;
  onReaction: (emoji: string) => void;
  onPanel: (panel: 'chat' | 'people') => void;
  onLeave: () => void;
  /** What leaving is called here. */
  leaveLabel?: string | undefined;
  more: readonly {
    id: string;
    label: string;
    icon: ReactNode;
    onAction: () => void;
    isDanger?: boolean;
  }[];
}

const REACTIONS = ['👍', '👏', '❤️', '😂', '😮', '🎉'] as const;

export function Bar(props: BarProps) {
  const { isMicrophoneOn, isCameraOn, isSharing, isHandUp, mayPublish, panel } = props;
  const keyOf = (key: string) => (props.hasKeys ? key : undefined);
  return (
    <div className="bar">
      <fieldset className="bar-group" aria-label="Your controls">
        <BarButton
          label={isMicrophoneOn ? 'Mute' : 'Unmute'}
          keys={keyOf('M')}
          isOff={!isMicrophoneOn}
          isDisabled={!mayPublish}
          onPress={props.onMicrophone}
          icon={isMicrophoneOn ? <Mic size={20} /> : <MicOff size={20} />}
        />
        <BarButton
          label={isCameraOn ? 'Stop camera' : 'Start camera'}
          keys={keyOf('V')}
          isOff={!isCameraOn}
          isDisabled={!mayPublish}
          onPress={props.onCamera}
          icon={isCameraOn ? <Video size={20} /> : <VideoOff size={20} />}
        />
        {props.mayShare && (
          <BarButton
            label={isSharing ? 'Stop sharing' : 'Share screen'}
            keys={keyOf('S')}
            isOn={isSharing}
            onPress={props.onShare}
            icon={isSharing ? <MonitorOff size={20} /> : <MonitorUp size={20} />}
          />
        )}
        <BarButton
          label={isHandUp ? 'Lower hand' : 'Raise hand'}
          keys={keyOf('H')}
          isOn={isHandUp}
          onPress={props.onHand}
          icon={<Hand size={20} />}
        />
        <MenuTrigger>
          <AriaButton className="bar-button bar-react">
            <span className="bar-icon">
              <Smile size={20} aria-hidden="true" />
            </span>
            <span className="bar-label">React</span>
          </AriaButton>
          <Popover className="popover emoji-popover" placement="top">
            <Menu className="emoji-menu" aria-label="Reactions">
              {REACTIONS.map((emoji) => (
                <MenuItem
                  key={emoji}
                  className="emoji"
                  textValue={emoji}
                  onAction={() => props.onReaction(emoji)}
                >
                  {emoji}
                </MenuItem>
              ))}
            </Menu>
          </Popover>
        </MenuTrigger>
        <BarButton
          label="Chat"
          keys={keyOf('C')}
          isOn={panel === 'chat'}
          count={props.unread}
          countText="unread"
          onPress={() => props.onPanel('chat')}
          icon={<MessageSquare size={20} />}
        />
        <BarButton
          label="People"
          keys={keyOf('P')}
          isOn={panel === 'people'}
          count={props.waiting > 0 ? props.waiting : props.people}
          countText={props.waiting > 0 ? 'waiting' : 'in the room'}
          isQuiet={props.waiting === 0}
          onPress={() => props.onPanel('people')}
          icon={<Users size={20} />}
        />
        <MenuTrigger>
          <AriaButton className="bar-button">
            <span className="bar-icon">
              <Ellipsis size={20} aria-hidden="true" />
            </span>
            <span className="bar-label">More</span>
          </AriaButton>
          <Popover className="popover" placement="top end">
            <Menu className="menu" aria-label="More">
              {props.more.map(({ id, label, icon, onAction, isDanger }) => (
                <MenuItem
                  key={id}
                  id={id}
                  className={`menu-item${isDanger === true ? ' menu-item-danger' : ''}`}
                  textValue={label}
                  onAction={onAction}
                >
                  {icon}
                  {label}
                </MenuItem>
              ))}
            </Menu>
          </Popover>
        </MenuTrigger>
        <BarButton
          label={props.leaveLabel ?? 'Leave'}
          className="bar-leave"
          onPress={props.onLeave}
          icon={<PhoneOff size={20} />}
        />
      </fieldset>
    </div>
  );
}

function BarButton({
  label,
  keys,
  icon,
  isOn = false,
  isOff = false,
  isDisabled = false,
  isQuiet = false,
  count = 0,
  countText,
  className = '',
  onPress,
}: {
  label: string;
  keys?: string | undefined;
  icon: ReactNode;
  isOn?: boolean;
  /** Off is what one must notice: nobody hears, nobody sees. */
  isOff?: boolean;
  isDisabled?: boolean;
  isQuiet?: boolean;
  count?: number;
  countText?: string;
  className?: string;
  onPress: () => void;
}) {
  return (
    <button
      type="button"
      className={`bar-button ${className}`}
      data-on={isOn || undefined}
      data-off={isOff || undefined}
      disabled={isDisabled}
      aria-keyshortcuts={keys}
      title={keys === undefined ? label : `${label} (${keys})`}
      onClick={onPress}
    >
      <span className="bar-icon" aria-hidden="true">
        {icon}
      </span>
      <span className="bar-label">{label}</span>
      {count > 0 && (
        <span className="bar-count" data-quiet={isQuiet || undefined}>
          {count > 99 ? '99+' : count}
          <span className="visually-hidden"> {countText}</span>
        </span>
      )}
    </button>
  );
}
