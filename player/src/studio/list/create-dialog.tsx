import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { CreatedEvent, CreateEvent } from '#contracts';
import { call, Problem, textOf } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { type EventFields, EventFieldset, NEW_EVENT } from '../event-form.tsx';
import { keepKey } from '../fresh-keys.ts';
import { goTo } from '../place.ts';

/** Makes an event and goes to it, where its key is shown. */
export function CreateDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="New event" isOpen={isOpen} onClose={onClose}>
      <CreateForm onClose={onClose} />
    </Dialog>
  );
}

function CreateForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState<EventFields>(NEW_EVENT);
  const create = useMutation({
    mutationFn: ({ title, ladder, ...rest }: EventFields) =>
      call<CreatedEvent>('POST', '/api/events', {
        body: {
          ...rest,
          title: title.trim(),
          ...(ladder === undefined ? {} : { ladder }),
        } satisfies CreateEvent,
      }),
    onSuccess: ({ eventId, sources }) => {
      for (const source of sources) keepKey(source);
      client.invalidateQueries({ queryKey: ['events'] });
      onClose();
      goTo({ page: 'event', eventId });
    },
  });
  const { error } = create;
  const titleError =
    error instanceof Problem && error.field === 'title' ? error.message : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(fields);
  };
  return (
    <form className="dialog-body" onSubmit={submit}>
      <EventFieldset fields={fields} onChange={setFields} titleError={titleError} autoFocus />
      {error !== null && titleError === undefined && (
        <Notice level="danger">{textOf(error)}</Notice>
      )}
      <div className="dialog-buttons">
        <Button onPress={onClose}>Cancel</Button>
        <Button
          type="submit"
          look="primary"
          isPending={create.isPending}
          isDisabled={fields.title.trim() === ''}
        >
          Create event
        </Button>
      </div>
    </form>
  );
}
