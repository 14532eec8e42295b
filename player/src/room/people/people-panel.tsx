import {
  Ban,
  Crown,
  Ellipsis,
  Eye,
  Hand,
  Mic,
  MicOff,
  MonitorX,
  Shield,
  UserMinus,
  Video,
  VideoOff,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { RoomParticipant } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Toggle } from '../../ui/toggle.tsx';
import type { RoomSession } from '../room-session.ts';
import type { Outgoing } from '../signal/signal-client.ts';
import { isHost, type RoomState, raisedHands } from '../state/room-state.ts';
import { useStore } from '../use-store.ts';
import { Avatar } from '../view/avatar.tsx';
import { SidePanel } from '../view/side-panel.tsx';
import './people.css';

const ROLES = { host: 'Host', 'co-host': 'Co-host', participant: '', viewer: 'Viewer' } as const;

/** Who is here, who waits, whose hand is up; and what a host can do about it. */
export function PeoplePanel({
  session,
  isCall,
  onClose,
  onRefused,
}: {
  session: RoomSession;
  /** A call between two: nobody is invited, nobody is host. */
  isCall: boolean;
  onClose: () => void;
  onRefused: (text: string) => void;
}) {
  const state = useStore(session.state);
  const { self } = state;
  if (self === undefined) return null;
  const send = (message: Outgoing) => session.do(message, onRefused);
  const all = [self, ...Object.values(state.people)].sort(
    (a, b) => Number(b === self) - Number(a === self) || a.displayName.localeCompare(b.displayName),
  );
  const hands = raisedHands(state);
  return (
    <SidePanel title="People" count={all.length} onClose={onClose}>
      <div className="people-body">
        {!isCall && (
          <div className="people-invite">
            <CopyButton
              what="Link to the room"
              text={location.origin + location.pathname}
              size="small"
            >
              Copy the link to invite
            </CopyButton>
          </div>
        )}
        {isHost(self) && state.waiting.length > 0 && <WaitingList state={state} send={send} />}
        {hands.length > 0 && (
          <section aria-labelledby="hands-title">
            <h3 id="hands-title">Raised hands</h3>
            <ol className="people-list">
              {hands.map((person, i) => (
                <li key={person.participantId} className="person">
                  <span className="person-hand">
                    <Hand size={14} aria-hidden="true" />
                    {i + 1}
                  </span>
                  <span className="person-name">
                    <bdi>{person.displayName}</bdi>
                  </span>
                  {(isHost(self) || person === self) && (
                    <Button
                      size="small"
                      onPress={() =>
                        send({
                          type: 'hand-lower',
                          ...(person === self ? {} : { participantId: person.participantId }),
                        })
                      }
                    >
                      Lower
                    </Button>
                  )}
                </li>
              ))}
            </ol>
          </section>
        )}
        <section aria-labelledby="here-title">
          <h3 id="here-title">In the room</h3>
          <ul className="people-list">
            {all.map((person) => (
              <Person
                key={person.participantId}
                person={person}
                self={self}
                isCall={isCall}
                send={send}
              />
            ))}
          </ul>
        </section>
        {isHost(self) && !isCall && <HostControls state={state} send={send} />}
      </div>
    </SidePanel>
  );
}

type Send = (message: Outgoing) => void;

function WaitingList({ state, send }: { state: RoomState; send: Send }) {
  return (
    <section className="people-waiting" aria-labelledby="waiting-title">
      <div className="people-section-head">
        <h3 id="waiting-title">Waiting to be let in</h3>
        {state.waiting.length > 1 && (
          <Button size="small" look="primary" onPress={() => send({ type: 'admit-all' })}>
            Admit all
          </Button>
        )}
      </div>
      <ul className="people-list">
        {state.waiting.map(({ participantId, displayName }) => (
          <li key={participantId} className="person">
            <span className="person-name">
              <bdi>{displayName}</bdi>
            </span>
            <Button size="small" onPress={() => send({ type: 'deny', participantId })}>
              Deny
            </Button>
            <Button
              size="small"
              look="primary"
              onPress={() => send({ type: 'admit', participantId })}
            >
              Admit
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function HostControls({ state, send }: { state: RoomState; send: Send }) {
  return (
    <section className="people-host" aria-labelledby="host-title">
      <h3 id="host-title">For hosts</h3>
      <div className="row-actions">
        <Button
          size="small"
          icon={<MicOff size={16} aria-hidden="true" />}
          onPress={() => send({ type: 'mute-all' })}
        >
          Mute everybody
        </Button>
      </div>
      <Toggle
        isOn={state.meeting?.settings.locked === true}
        onChange={(locked) => send({ type: 'lock', locked })}
      >
        Lock the room: nobody new comes in
      </Toggle>
    </section>
  );
}

function Person({
  person,
  self,
  isCall,
  send,
}: {
  person: RoomParticipant;
  self: RoomParticipant;
  isCall: boolean;
  send: Send;
}) {
  const isSelf = person === self;
  const role = isCall ? '' : ROLES[person.role];
  return (
    <li className="person">
      <Avatar name={person.displayName} picture={person.picture} size="line" />
      <span className="person-name">
        <bdi>{person.displayName}</bdi>
        <span className="dim small">
          {[isSelf ? 'You' : '', role, person.connected ? '' : 'reconnecting']
            .filter((word) => word !== '')
            .join(', ')}
        </span>
      </span>
      {person.audio ? (
        <Mic size={16} role="img" aria-label="microphone on" />
      ) : (
        <MicOff className="person-off" size={16} role="img" aria-label="muted" />
      )}
      {person.video ? (
        <Video size={16} role="img" aria-label="camera on" />
      ) : (
        <VideoOff className="person-off" size={16} role="img" aria-label="camera off" />
      )}
      {isHost(self) && !isCall && !isSelf ? (
        <PersonMenu person={person} self={self} send={send} />
      ) : (
        <span className="person-space" />
      )}
    </li>
  );
}

interface Action {
  id: string;
  label: string;
  icon: ReactNode;
  message: Outgoing;
  isDanger?: boolean;
}

function PersonMenu({
  person,
  self,
  send,
}: {
  person: RoomParticipant;
  self: RoomParticipant;
  send: Send;
}) {
  const { participantId } = person;
  const icon = (Icon: typeof Mic) => <Icon size={16} aria-hidden="true" />;
  const actions: (Action | false)[] = [
    person.audio
      ? {
          id: 'mute',
          label: 'Mute',
          icon: icon(MicOff),
          message: { type: 'mute-participant', participantId },
        }
      : {
          id: 'ask',
          label: 'Ask to unmute',
          icon: icon(Mic),
          message: { type: 'ask-to-unmute', participantId },
        },
    person.video && {
      id: 'video',
      label: 'Stop the camera',
      icon: icon(VideoOff),
      message: { type: 'stop-video', participantId, mediaType: 'video' },
    },
    person.screen && {
      id: 'screen',
      label: 'Stop the screen share',
      icon: icon(MonitorX),
      message: { type: 'stop-video', participantId, mediaType: 'screen' },
    },
    self.role === 'host' &&
      person.role !== 'host' && {
        id: 'host',
        label: 'Make host',
        icon: icon(Crown),
        message: { type: 'make-host', participantId },
      },
    self.role === 'host' &&
      person.role === 'participant' && {
        id: 'cohost',
        label: 'Make co-host',
        icon: icon(Shield),
        message: { type: 'make-cohost', participantId },
      },
    self.role === 'host' &&
      person.role !== 'participant' && {
        id: 'participant',
        label: 'Make participant',
        icon: icon(Mic),
        message: { type: 'make-participant', participantId, role: 'participant' },
      },
    self.role === 'host' &&
      person.role !== 'viewer' && {
        id: 'viewer',
        label: 'Let only watch',
        icon: icon(Eye),
        message: { type: 'make-participant', participantId, role: 'viewer' },
      },
    {
      id: 'remove',
      label: 'Remove',
      icon: icon(UserMinus),
      message: { type: 'remove', participantId },
      isDanger: true,
    },
    {
      id: 'ban',
      label: 'Remove for good',
      icon: icon(Ban),
      message: { type: 'ban', participantId },
      isDanger: true,
    },
  ];
  return (
    <MenuTrigger>
      <AriaButton className="chat-action" aria-label={`What to do with ${person.displayName}`}>
        <Ellipsis size={16} aria-hidden="true" />
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={`What to do with ${person.displayName}`}>
          {actions
            .filter((action) => action !== false)
            .map(({ id, label, icon: sign, message, isDanger }) => (
              <MenuItem
                key={id}
                id={id}
                className={`menu-item${isDanger === true ? ' menu-item-danger' : ''}`}
                textValue={label}
                onAction={() => send(message)}
              >
                {sign}
                {label}
              </MenuItem>
            ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
