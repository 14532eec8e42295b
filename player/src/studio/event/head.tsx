import { ArrowUpRight } from 'lucide-react';
import { useState } from 'react';
import type { EventView } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { buttonClass } from '../../ui/button-class.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { clock } from '../../ui/format.ts';
import { shownStatus } from '../../ui/shown-status.ts';
import { StatusPill } from '../../ui/status.tsx';
import { Link } from '../link.tsx';
import { VISIBILITY_WORDS } from '../words.ts';
import { useChangeEvent, useCreatePlayToken } from './changes.ts';
import { useTime } from './use-event.ts';

/** What the event is called, how it stands, and what can be done with the whole of it. */
export function EventHead({ event, clockAheadMs }: { event: EventView; clockAheadMs: number }) {
  const status = shownStatus(event);
  const onAir = status === 'live' || status === 'interrupted';
  return (
    <header className="event-head">
      <div className="event-titles">
        <nav aria-label="Breadcrumb" className="event-crumbs">
          <Link to={{ page: 'list' }}>Studio</Link>
          <span aria-hidden="true">/</span>
          <span aria-current="page">{event.eventId}</span>
        </nav>
        <h1>{event.title}</h1>
        <div className="event-facts">
          <span role="status">
            <StatusPill status={status} />
          </span>
          {onAir && event.started !== undefined && (
            <RunTime started={event.started + clockAheadMs} />
          )}
          <span className="dim">{VISIBILITY_WORDS[event.visibility].label}</span>
        </div>
      </div>
      <div className="event-actions">
        {event.visibility === 'private' ? (
          <CopyPrivateLink eventId={event.eventId} />
        ) : (
          <CopyButton what="Watch link" text={event.watchUrl}>
            Copy watch link
          </CopyButton>
        )}
        <a className={buttonClass()} href={event.watchUrl} target="_blank" rel="noopener">
          Watch page
          <ArrowUpRight size={16} aria-hidden="true" />
        </a>
        <EndOrReopen event={event} onAir={onAir} />
      </div>
    </header>
  );
}

const LINK_SECONDS = 30 * 86_400;

/** A private event opens only by a link of its own: one that is made for this copy. */
function CopyPrivateLink({ eventId }: { eventId: string }) {
  const { mutateAsync } = useCreatePlayToken(eventId);
  return (
    <CopyButton
      what="Private link, good for 30 days,"
      text={async () => (await mutateAsync(LINK_SECONDS)).watchUrl}
    >
      Copy private link
    </CopyButton>
  );
}

function RunTime({ started }: { started: number }) {
  const time = useTime(500);
  return (
    <span className="event-clock">
      <span className="visually-hidden">On air for </span>
      {clock(time - started)}
    </span>
  );
}

function EndOrReopen({ event, onAir }: { event: EventView; onAir: boolean }) {
  const change = useChangeEvent(event.eventId);
  const [asking, setAsking] = useState(false);
  if (!event.open) {
    return (
      <Button
        look="primary"
        isPending={change.isPending}
        onPress={() => change.mutate({ status: 'idle' })}
      >
        Open again
      </Button>
    );
  }
  return (
    <>
      <Button look="danger" onPress={() => setAsking(true)}>
        End event
      </Button>
      <ConfirmDialog
        title="End this event?"
        action="End event"
        isOpen={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => change.mutateAsync({ status: 'ended' })}
      >
        {onAir
          ? 'Viewers see that it is over, and every encoder is disconnected. '
          : 'Encoders can no longer connect to it. '}
        You can open it again later; what was sent stays rewindable until then.
      </ConfirmDialog>
    </>
  );
}
