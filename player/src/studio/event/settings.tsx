import { type FormEvent, useState } from 'react';
import type { EventView } from '#contracts';
import { textOf } from '../../api/client.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { type EventFields, EventFieldset } from '../event-form.tsx';
import { goTo } from '../place.ts';
import { useChangeEvent, useDeleteEvent } from './changes.ts';
import './settings.css';

const fieldsOf = ({ title, visibility, latency, dvrSeconds, ladder }: EventView): EventFields => ({
  title,
  visibility,
  latency,
  dvrSeconds,
  ladder,
});

const same = (a: EventFields, b: EventFields): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether something differs that a broadcast keeps as it began with it. */
const isForNextRun = (a: EventFields, b: EventFields): boolean =>
  !same({ ...a, latency: b.latency, ladder: b.ladder }, a);

/** What the event is; changes are kept here until they are saved. */
export function Settings({ event }: { event: EventView }) {
  const change = useChangeEvent(event.eventId);
  const saved = fieldsOf(event);
  const [edited, setEdited] = useState<EventFields>();
  const fields = edited ?? saved;
  const dirty = !same(fields, saved);
  const isOnAir = event.status === 'live' || event.status === 'interrupted';
  const save = (submit: FormEvent) => {
    submit.preventDefault();
    const { ladder, ...rest } = fields;
    change.mutate(
      { ...rest, title: fields.title.trim(), ladder: ladder ?? null },
      {
        onSuccess: () => {
          setEdited(undefined);
          announce('Settings saved');
        },
      },
    );
  };
  return (
    <div className="columns">
      <form className="stack" onSubmit={save}>
        <EventFieldset fields={fields} onChange={setEdited} isMade />
        {isForNextRun(fields, saved) && isOnAir && (
          <Notice level="info">
            Latency and renditions are chosen when a run begins; a change shows at the next one.
          </Notice>
        )}
        {change.isError && <Notice level="danger">{textOf(change.error)}</Notice>}
        <div className="settings-buttons">
          <Button
            type="submit"
            look="primary"
            isPending={change.isPending}
            isDisabled={!dirty || fields.title.trim() === ''}
          >
            Save changes
          </Button>
          {dirty && <Button onPress={() => setEdited(undefined)}>Undo</Button>}
        </div>
      </form>
      <DeleteEvent event={event} />
    </div>
  );
}

function DeleteEvent({ event }: { event: EventView }) {
  const remove = useDeleteEvent(event.eventId);
  const [asking, setAsking] = useState(false);
  return (
    <section className="settings-delete" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete this event</h2>
      <p className="dim">
        Its address, its sources and their keys are gone for good. Whoever watches is cut off.
      </p>
      <div>
        <Button look="danger" onPress={() => setAsking(true)}>
          Delete event…
        </Button>
      </div>
      <ConfirmDialog
        title={`Delete “${event.title}”?`}
        action="Delete for good"
        isOpen={asking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await remove.mutateAsync();
          goTo({ page: 'list' });
        }}
      >
        This cannot be undone.
      </ConfirmDialog>
    </section>
  );
}
