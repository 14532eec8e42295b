import { useInfiniteQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useDeferredValue, useEffect, useState } from 'react';
import { textOf } from '../../api/client.ts';
import { eventsOf, eventsQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { SearchField } from '../../ui/field.tsx';
import { plural } from '../../ui/format.ts';
import { Empty, Notice, Skeleton } from '../../ui/notice.tsx';
import { CreateDialog } from './create-dialog.tsx';
import { EventRow } from './event-row.tsx';
import './list-page.css';

/** All events of this server. */
export default function ListPage() {
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed.trim());
  const events = useInfiniteQuery(eventsQuery(search));
  const [creating, setCreating] = useState(false);
  const shown = eventsOf(events.data);
  useEffect(() => {
    document.title = 'Studio – Amphi';
  }, []);
  const create = (
    <Button
      look="primary"
      icon={<Plus size={18} aria-hidden="true" />}
      onPress={() => setCreating(true)}
    >
      New event
    </Button>
  );

  return (
    <div className="main list">
      <header className="list-head">
        <h1>Events</h1>
        <div className="list-tools">
          <SearchField label="Search events" value={typed} onChange={setTyped} />
          {create}
        </div>
      </header>
      <p className="visually-hidden" role="status">
        {events.isSuccess && search !== '' ? `${plural(shown.length, 'event')} found` : ''}
      </p>
      {events.isError && (
        <Notice level="danger" title="The events cannot be listed">
          {textOf(events.error)}
        </Notice>
      )}
      {events.isPending && <Rows />}
      {events.isSuccess && shown.length === 0 && (
        <Nothing search={search} create={create} onClear={() => setTyped('')} />
      )}
      {shown.length > 0 && (
        <ul className="list-rows panel" aria-label="Events">
          {shown.map((event) => (
            <EventRow key={event.eventId} event={event} />
          ))}
        </ul>
      )}
      {events.hasNextPage && (
        <div className="list-more">
          <Button isPending={events.isFetchingNextPage} onPress={() => events.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
      <CreateDialog isOpen={creating} onClose={() => setCreating(false)} />
    </div>
  );
}

function Nothing({
  search,
  create,
  onClear,
}: {
  search: string;
  create: React.ReactNode;
  onClear: () => void;
}) {
  if (search !== '') {
    return (
      <Empty
        title={`Nothing called “${search}”`}
        actions={<Button onPress={onClear}>Show all events</Button>}
      >
        The search looks at titles and ids.
      </Empty>
    );
  }
  return (
    <Empty title="No events yet" actions={create}>
      An event is a stage of its own: an address to watch at, and a key to send to.
    </Empty>
  );
}

function Rows() {
  return (
    <div className="stack" aria-busy="true">
      {[0, 1, 2].map((i) => (
        <Skeleton key={i} height="4.5rem" />
      ))}
    </div>
  );
}
