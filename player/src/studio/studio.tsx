import { QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import { LogOut } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { call, textOf } from '../api/client.ts';
import { createQueryClient, infoQuery, sessionQuery } from '../api/queries.ts';
import { hush } from '../ui/announce.ts';
import { IconButton } from '../ui/button.tsx';
import { Notice, Skeleton } from '../ui/notice.tsx';
import { Shell } from '../ui/shell.tsx';
import { forgetKeys } from './fresh-keys.ts';
import { pathOf, usePlace } from './place.ts';
import { SignIn, signIn } from './sign-in.tsx';

const ListPage = lazy(() => import('./list/list-page.tsx'));
const EventPage = lazy(() => import('./event/event-page.tsx'));

const queryClient = createQueryClient();

/** The studio; with a token it signs in by itself. */
export function Studio({ token }: { token: string | undefined }) {
  return (
    <QueryClientProvider client={queryClient}>
      <Rooms token={token} />
    </QueryClientProvider>
  );
}

function Rooms({ token }: { token: string | undefined }) {
  const place = usePlace();
  const { entering, failure } = useEntry(token);
  const session = useQuery({ ...sessionQuery, enabled: !entering });
  const info = useQuery(infoQuery);
  const admin = session.data?.admin === true;

  let content = <Loading />;
  if (entering || session.isPending) content = <Loading />;
  else if (session.isError) content = <Unreachable reason={textOf(session.error)} />;
  else if (!admin) content = <SignIn failure={failure} />;
  else if (place.page === 'list') content = <ListPage />;
  else content = <EventPage key={place.eventId} eventId={place.eventId} />;

  return (
    <Shell here="studio" version={info.data?.version} end={admin && <SignOut />}>
      <Suspense fallback={<Loading />}>
        {content}
        <Arrival path={pathOf(place)} />
      </Suspense>
    </Shell>
  );
}

/**
 * Another page begins at its beginning, also for the keyboard. It stands beside
 * the page that is waited for: until that is there, a dialog that led to it
 * keeps the focus.
 */
function Arrival({ path }: { path: string }) {
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    hush();
    document.getElementById('content')?.focus({ preventScroll: true });
  }, [path]);
  return null;
}

/** Exchanges the token of the address for a session, once. */
function useEntry(token: string | undefined): { entering: boolean; failure: string | undefined } {
  const client = useQueryClient();
  const [entering, setEntering] = useState(token !== undefined);
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    if (token === undefined) return;
    let gone = false;
    signIn(token)
      .then(() => client.setQueryData(sessionQuery.queryKey, { admin: true }))
      .catch((error) => !gone && setFailure(textOf(error)))
      .finally(() => !gone && setEntering(false));
    return () => {
      gone = true;
    };
  }, [client, token]);
  return { entering, failure };
}

function SignOut() {
  const client = useQueryClient();
  const leave = async () => {
    await call('DELETE', '/api/sessions/current');
    forgetKeys();
    // The session's own entry stays: who watches it would not notice a new one.
    client.setQueryData(sessionQuery.queryKey, { admin: false });
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
  };
  return (
    <IconButton
      label="Sign out"
      icon={<LogOut size={18} aria-hidden="true" />}
      onPress={() => leave().catch(() => {})}
    />
  );
}

function Loading() {
  return (
    <div className="main" aria-busy="true">
      <p className="visually-hidden" role="status">
        Loading
      </p>
      <Skeleton height="2.25rem" width="16rem" />
      <div style={{ height: '1.5rem' }} />
      <Skeleton height="20rem" />
    </div>
  );
}

function Unreachable({ reason }: { reason: string }) {
  return (
    <div className="main">
      <Notice level="danger" title="The studio cannot open">
        {reason}
      </Notice>
    </div>
  );
}
