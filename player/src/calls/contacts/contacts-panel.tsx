import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import type { Contact } from '#contracts';
import { call, textOf } from '../../api/client.ts';
import { Avatar } from '../../room/view/avatar.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Empty, Notice, Skeleton } from '../../ui/notice.tsx';
import type { CallCenter } from '../call-center.ts';
import { contactsQuery } from '../queries.ts';
import type { CallsState } from '../state/calls-state.ts';
import { AddContact } from './add-contact.tsx';
import { ContactRow } from './contact-row.tsx';
import './contacts.css';

type Change = 'accepted' | 'blocked' | 'removed';
interface Asked {
  change: 'blocked' | 'removed';
  contact: Contact;
}

const ORDER = { online: 0, 'in-call': 1, offline: 2 } as const;

/** Whom one knows, who asks, and who is blocked. */
export function ContactsPanel({ center, state }: { center: CallCenter; state: CallsState }) {
  const contacts = useQuery(contactsQuery);
  const [isAdding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const change = useChange();
  const all = contacts.data?.items ?? [];
  const of = (wanted: Contact['state']) => all.filter((one) => one.state === wanted);
  const known = of('accepted').sort(
    (a, b) => ORDER[a.presence ?? 'offline'] - ORDER[b.presence ?? 'offline'],
  );
  const mayCall = state.call === undefined && state.socket === 'open';
  const failure = change.error ?? (contacts.isError ? contacts.error : undefined);
  return (
    <section className="contacts" aria-labelledby="contacts-title">
      <div className="contacts-head">
        <h1 id="contacts-title">Contacts</h1>
        <Button
          size="small"
          icon={<UserPlus size={16} aria-hidden="true" />}
          onPress={() => setAdding(true)}
        >
          Add
        </Button>
      </div>
      {failure !== undefined && failure !== null && (
        <Notice level="danger">{textOf(failure)}</Notice>
      )}
      <Asking
        contacts={of('asked')}
        onChange={(contact, to) => change.mutate({ userId: contact.userId, to })}
      />
      {contacts.isPending && <Skeleton height="12rem" />}
      {contacts.isSuccess && known.length === 0 && (
        <Empty
          title="Nobody here yet"
          actions={
            <Button look="primary" onPress={() => setAdding(true)}>
              Add a contact
            </Button>
          }
        >
          Ask somebody by their e-mail address. When they accept, you can call each other and write.
        </Empty>
      )}
      {known.length > 0 && (
        <ul className="contact-list">
          {known.map((contact) => (
            <ContactRow
              key={contact.userId}
              contact={contact}
              unread={state.unread[contact.userId] ?? 0}
              isOpen={state.openWith === contact.userId}
              mayCall={mayCall}
              onOpen={() => center.open(contact.userId)}
              onCall={(media) => center.call(contact, media)}
              onBlock={() => setAsked({ change: 'blocked', contact })}
              onRemove={() => setAsked({ change: 'removed', contact })}
            />
          ))}
        </ul>
      )}
      <Quiet
        title="Asked, no answer yet"
        contacts={of('requested')}
        action="Take back"
        onAction={({ userId }) => change.mutate({ userId, to: 'removed' })}
      />
      <Quiet
        title="Blocked"
        contacts={of('blocked')}
        action="Unblock"
        onAction={({ userId }) => change.mutate({ userId, to: 'removed' })}
      />
      <AddContact isOpen={isAdding} onClose={() => setAdding(false)} />
      <ConfirmDialog
        title={
          asked?.change === 'blocked'
            ? `Block ${asked.contact.displayName}?`
            : `Remove ${asked?.contact.displayName ?? ''}?`
        }
        action={asked?.change === 'blocked' ? 'Block' : 'Remove'}
        isOpen={asked !== undefined}
        onClose={() => setAsked(undefined)}
        onConfirm={async () => {
          if (asked === undefined) return;
          const { userId } = asked.contact;
          await change.mutateAsync({ userId, to: asked.change });
          if (state.openWith === userId) center.open(undefined);
        }}
      >
        {asked?.change === 'blocked'
          ? 'They can neither call you nor write to you any more, and are not told. You can undo it.'
          : 'You are taken off each other’s lists. To call each other again, one has to ask.'}
      </ConfirmDialog>
    </section>
  );
}

function useChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ userId, to }: { userId: string; to: Change }) => {
      const path = `/api/contacts/${encodeURIComponent(userId)}`;
      return to === 'removed'
        ? call<{ items: Contact[] }>('DELETE', path)
        : call<{ items: Contact[] }>('PATCH', path, { body: { state: to } });
    },
    onSuccess: (list) => client.setQueryData(contactsQuery.queryKey, list),
  });
}

/** People who would like to be contacts. */
function Asking({
  contacts,
  onChange,
}: {
  contacts: readonly Contact[];
  onChange: (contact: Contact, to: Change) => void;
}) {
  if (contacts.length === 0) return null;
  return (
    <section className="contacts-asking" aria-labelledby="asking-title">
      <h2 id="asking-title">Would like to be your contact</h2>
      <ul>
        {contacts.map((contact) => (
          <li key={contact.userId} className="contact-asks">
            <Avatar name={contact.displayName} picture={contact.picture} size="line" />
            <span className="contact-name">
              <bdi>{contact.displayName}</bdi>
            </span>
            <span className="contact-asks-buttons">
              <Button size="small" look="primary" onPress={() => onChange(contact, 'accepted')}>
                Accept
              </Button>
              <Button size="small" onPress={() => onChange(contact, 'removed')}>
                Refuse
              </Button>
              <Button size="small" look="danger" onPress={() => onChange(contact, 'blocked')}>
                Block
              </Button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Quiet({
  title,
  contacts,
  action,
  onAction,
}: {
  title: string;
  contacts: readonly Contact[];
  action: string;
  onAction: (contact: Contact) => void;
}) {
  if (contacts.length === 0) return null;
  return (
    <details className="contacts-quiet">
      <summary>
        {title} <span className="dim">({contacts.length})</span>
      </summary>
      <ul>
        {contacts.map((contact) => (
          <li key={contact.userId} className="contact-asks">
            <Avatar name={contact.displayName} picture={contact.picture} size="line" />
            <span className="contact-name">
              <bdi>{contact.displayName}</bdi>
            </span>
            <Button
              size="small"
              aria-label={`${action}: ${contact.displayName}`}
              onPress={() => onAction(contact)}
            >
              {action}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}
