import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import type { UserView } from '#contracts';
import { call } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { useStore } from '../room/use-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { Shell } from '../ui/shell.tsx';
import { CallCenter } from './call-center.ts';
import { ContactsPanel } from './contacts/contacts-panel.tsx';
import { ProfileMenu } from './profile/profile-menu.tsx';
import { contactsQuery, notePresence, pastCallsQuery } from './queries.ts';
import { RecentCalls } from './recent/recent-calls.tsx';
import { IncomingCall } from './ring/incoming-call.tsx';
import { OutgoingCall } from './ring/outgoing-call.tsx';
import type { CallsState } from './state/calls-state.ts';
import { Thread } from './thread/thread.tsx';

const CallRoom = lazy(() => import('./call-room.tsx'));

/** Everything that somebody with an account does here. */
export function SignedIn({ user }: { user: UserView }) {
  const center = useCallCenter();
  return center === undefined ? null : <Desk center={center} user={user} />;
}

function Desk({ center, user }: { center: CallCenter; user: UserView }) {
  const client = useQueryClient();
  const state = useStore(center.state);
  const session = useStore(center.session);
  const contacts = useQuery(contactsQuery);
  const open = contacts.data?.items.find(({ userId }) => userId === state.openWith);
  useTitle(state);
  useFocusAfter(session !== undefined);

  const { call: current } = state;
  if (session !== undefined && current?.phase === 'active') {
    return (
      <Suspense fallback={<Opening />}>
        <CallRoom session={session} peer={current.peer} onHangUp={(note) => center.hangUp(note)} />
      </Suspense>
    );
  }
  const signOut = async () => {
    await call('DELETE', '/api/sessions/current');
    client.setQueryData(sessionQuery.queryKey, { admin: false });
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
  };
  return (
    <Shell here="calls" end={<ProfileMenu user={user} onSignOut={signOut} />}>
      <div className="calls" data-open={open !== undefined || undefined}>
        <div className="calls-notes">
          <SocketNotice state={state} />
          {state.note !== undefined && (
            <Notice
              level="info"
              action={
                <Button size="small" onPress={() => center.dismissNote()}>
                  OK
                </Button>
              }
            >
              <bdi>{state.note}</bdi>
            </Notice>
          )}
        </div>
        <ContactsPanel center={center} state={state} />
        {open === undefined ? (
          <RecentCalls center={center} />
        ) : (
          <Thread key={open.userId} center={center} state={state} contact={open} />
        )}
      </div>
      {current?.phase === 'incoming' && (
        <IncomingCall
          call={current}
          onAccept={(withCamera) => center.accept(withCamera)}
          onDecline={() => center.decline()}
        />
      )}
      {current !== undefined && current.phase !== 'incoming' && (
        <OutgoingCall center={center} call={current} />
      )}
    </Shell>
  );
}

function useCallCenter(): CallCenter | undefined {
  const client = useQueryClient();
  const [center, setCenter] = useState<CallCenter>();
  useEffect(() => {
    const made = new CallCenter({
      contactsChanged: () => client.invalidateQueries({ queryKey: contactsQuery.queryKey }),
      pastCallsChanged: () => client.invalidateQueries({ queryKey: pastCallsQuery.queryKey }),
      presenceChanged: ({ userId, presence }) => notePresence(client, userId, presence),
      signedOut: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    });
    setCenter(made);
    return () => made.close();
  }, [client]);
  return center;
}

/** What rings, and what waits, is seen on the tab as well. */
function useTitle({ call: current, missed, unread }: CallsState): void {
  const waiting = missed.length + Object.values(unread).reduce((sum, count) => sum + count, 0);
  const title = useMemo(() => {
    if (current?.phase === 'incoming') return `${current.peer.displayName} is calling`;
    if (current?.phase === 'active') return current.peer.displayName;
    return waiting > 0 ? `(${waiting}) Calls` : 'Calls';
  }, [current, waiting]);
  useEffect(() => {
    document.title = `${title} – Amphi`;
  }, [title]);
}

/** Another page takes the place of this one, and back: the focus goes to its beginning. */
function useFocusAfter(isInCall: boolean): void {
  const [wasInCall, setWas] = useState(isInCall);
  useEffect(() => {
    if (isInCall === wasInCall) return;
    setWas(isInCall);
    if (!isInCall) document.getElementById('content')?.focus({ preventScroll: true });
  }, [isInCall, wasInCall]);
}

function SocketNotice({ state: { socket } }: { state: CallsState }) {
  if (socket === 'reconnecting') {
    return (
      <Notice level="warn">
        <span role="status">The connection broke. Nobody can call you until it is back.</span>
      </Notice>
    );
  }
  if (socket !== 'closed') return null;
  return (
    <Notice
      level="danger"
      action={
        <Button size="small" onPress={() => location.reload()}>
          Reload
        </Button>
      }
    >
      The server has ended the connection. Reload the page to go on.
    </Notice>
  );
}

function Opening() {
  return (
    <main className="calls-opening" aria-busy="true">
      <p role="status">Connecting…</p>
    </main>
  );
}
