import { Trash2, Users } from 'lucide-react';
import { useState } from 'react';
import type { EventView } from '#contracts';
import { IconButton } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { ago, count, plural } from '../../ui/format.ts';
import { Mark } from '../../ui/logo.tsx';
import { Poster } from '../../ui/poster.tsx';
import { shownStatus } from '../../ui/shown-status.ts';
import { StatusPill } from '../../ui/status.tsx';
import { useDeleteEvent } from '../event/changes.ts';
import { Link } from '../link.tsx';
import { VISIBILITY_WORDS } from '../words.ts';

/** One event of the list. */
export function EventRow({ event }: { event: EventView }) {
  const { eventId, title, started, createdAt, viewers, visibility, sources } = event;
  const remove = useDeleteEvent(eventId);
  const [asking, setAsking] = useState(false);
  const status = shownStatus(event);
  const onAir = status === 'live' || status === 'interrupted';
  const connected = sources.filter(({ health }) => health?.connected).length;
  const now = Date.now();
  const facts = [
    VISIBILITY_WORDS[visibility].label,
    onAir && started !== undefined ? `began ${ago(started, now)}` : `made ${ago(createdAt, now)}`,
    `${connected} of ${plural(sources.length, 'source')} connected`,
  ];
  return (
    <li className="event-row" data-on-air={onAir ? '' : undefined}>
      <div className="event-row-picture" aria-hidden="true">
        {onAir && visibility !== 'private' ? (
          <Poster src={`/hls/${eventId}/poster.jpg`} />
        ) : (
          <Mark size={26} />
        )}
      </div>
      <div className="event-row-main">
        <Link to={{ page: 'event', eventId }} className="event-row-title">
          {title}
        </Link>
        <p className="event-row-facts">{facts.join(' · ')}</p>
      </div>
      <span className="event-row-viewers">
        {onAir && (
          <>
            <Users size={16} aria-hidden="true" />
            {count(viewers)}
            <span className="visually-hidden"> watching</span>
          </>
        )}
      </span>
      <StatusPill status={status} />
      <div className="event-row-more">
        <IconButton
          label={`Delete ${title}`}
          icon={<Trash2 size={17} aria-hidden="true" />}
          onPress={() => setAsking(true)}
        />
      </div>
      <ConfirmDialog
        title={`Delete “${title}”?`}
        action="Delete for good"
        isOpen={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutateAsync()}
      >
        Its address, its sources and their keys are gone for good
        {onAir ? ', and whoever watches is cut off' : ''}. This cannot be undone.
      </ConfirmDialog>
    </li>
  );
}
