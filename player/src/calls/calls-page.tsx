import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { AccountForm } from '../account/account-form.tsx';
import { textOf } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { Mark } from '../ui/logo.tsx';
import { Notice, Skeleton } from '../ui/notice.tsx';
import { Shell } from '../ui/shell.tsx';
import { SignedIn } from './signed-in.tsx';
import './calls.css';

/** Calls, for people who have accounts. */
export function CallsPage() {
  const session = useQuery(sessionQuery);
  const user = session.data?.user;
  if (user !== undefined) return <SignedIn key={user.userId} user={user} />;
  if (session.isPending) {
    return (
      <Shell here="calls">
        <div className="main" aria-busy="true">
          <p className="visually-hidden" role="status">
            Loading
          </p>
          <Skeleton height="2.25rem" width="16rem" />
          <div style={{ height: '1.5rem' }} />
          <Skeleton height="20rem" />
        </div>
      </Shell>
    );
  }
  if (session.isError) {
    return (
      <Shell here="calls">
        <div className="main">
          <Notice
            level="danger"
            title="Calls cannot open"
            action={
              <Button size="small" onPress={() => session.refetch()}>
                Try again
              </Button>
            }
          >
            {textOf(session.error)}
          </Notice>
        </div>
      </Shell>
    );
  }
  return (
    <Shell here="calls">
      <Door />
    </Shell>
  );
}

/** Signing in, or making an account. */
function Door() {
  const client = useQueryClient();
  const [isNew, setNew] = useState(false);
  return (
    <div className="calls-door">
      <div className="calls-door-form">
        <Mark size={56} />
        <h1>{isNew ? 'Make an account' : 'Sign in to call'}</h1>
        <p className="dim">
          Call the people you know, with sound, pictures or a screen, and write to them. They find
          you by your e-mail address; nobody sees it.
        </p>
        <AccountForm
          isNew={isNew}
          words={{ signIn: 'Sign in', signUp: 'Make the account' }}
          onSwitch={setNew}
          onSignedIn={() => client.invalidateQueries({ queryKey: sessionQuery.queryKey })}
        />
      </div>
    </div>
  );
}
