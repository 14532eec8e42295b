import { Hand, MicOff, MonitorUp, Pin, PinOff } from 'lucide-react';
import type { RoomParticipant } from '#contracts';
import type { Placed } from '../layout/arrange.ts';
import type { Quality } from '../media/quality.ts';
import { Avatar } from './avatar.tsx';
import { Picture } from './picture.tsx';
import { QualityBars } from './quality-bars.tsx';

export interface TileProps {
  placed: Placed;
  kind: 'camera' | 'screen';
  person: RoomParticipant;
  isOwn: boolean;
  isSpeaking: boolean;
  isPinned: boolean;
  /** Its place among the hands that are up, from 1. */
  hand: number | undefined;
  track: MediaStreamTrack | undefined;
  quality: Quality | undefined;
  onPin: () => void;
  /** What lies on the picture. */
  children?: React.ReactNode;
}

/** One person, or one shared screen. */
export function Tile(props: TileProps) {
  const { placed, kind, person, isOwn, isSpeaking, isPinned, hand, track, quality } = props;
  const { x, y, width, height } = placed.rect;
  const name = isOwn ? 'You' : person.displayName;
  const isScreen = kind === 'screen';
  const label = isScreen ? `${isOwn ? 'Your' : `${name}’s`} screen` : name;
  return (
    <li
      className="tile"
      data-tile={placed.id}
      data-role={placed.role}
      data-kind={kind}
      data-speaking={(isSpeaking && !isScreen) || undefined}
      style={{ width, height, translate: `${x}px ${y}px` }}
    >
      {track === undefined ? (
        <Avatar name={person.displayName} picture={person.picture} />
      ) : (
        <Picture
          track={track}
          isMirrored={isOwn && !isScreen}
          isWhole={isScreen}
          label={isScreen ? label : `Camera of ${isOwn ? 'you' : person.displayName}`}
          placeholder={<Avatar name={person.displayName} picture={person.picture} />}
        />
      )}
      {!person.connected && (
        <p className="tile-note" role="status">
          Reconnecting…
        </p>
      )}
      <div className="tile-name">
        {isScreen ? (
          <MonitorUp size={14} aria-hidden="true" />
        ) : (
          !person.audio && <MicOff size={14} role="img" aria-label="muted" />
        )}
        <bdi>{label}</bdi>
        {!isScreen && quality !== undefined && quality.bars < 4 && (
          <QualityBars quality={quality} />
        )}
      </div>
      {hand !== undefined && !isScreen && (
        <span className="tile-hand">
          <Hand size={16} aria-hidden="true" />
          <span className="visually-hidden">Hand raised, number </span>
          {hand}
        </span>
      )}
      {props.children}
      <button
        type="button"
        className="tile-pin"
        aria-pressed={isPinned}
        aria-label={isPinned ? `Unpin ${label}` : `Pin ${label}`}
        onClick={props.onPin}
      >
        {isPinned ? <PinOff size={16} aria-hidden="true" /> : <Pin size={16} aria-hidden="true" />}
      </button>
    </li>
  );
}
