import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call, textOf } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Mark } from '../ui/logo.tsx';
import { Notice } from '../ui/notice.tsx';
import './sign-in.css';

export const signIn = (token: string) => call('POST', '/api/sessions/admin', { body: { token } });

/** Asks for the admin token. */
export function SignIn({ failure }: { failure?: string | undefined }) {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const attempt = useMutation({
    mutationFn: () => signIn(token.trim()),
    onSuccess: () => client.setQueryData(sessionQuery.queryKey, { admin: true }),
    // A refused token is no reason to forget the session that there may be.
    onError: () => {},
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') attempt.mutate();
  };
  const trouble = attempt.isError ? textOf(attempt.error) : attempt.isIdle ? failure : undefined;
  return (
    <div className="sign-in">
      <form className="sign-in-form" onSubmit={submit}>
        <Mark size={56} />
        <h1>Sign in to the studio</h1>
        <p className="dim">
          The admin token was printed when the server started, and is kept in its data folder in{' '}
          <code>keys/admin-token</code>.
        </p>
        {trouble !== undefined && <Notice level="danger">{trouble}</Notice>}
        <TextField
          label="Admin token"
          type="password"
          autoComplete="current-password"
          value={token}
          onChange={setToken}
          autoFocus
        />
        <Button
          type="submit"
          look="primary"
          size="large"
          isPending={attempt.isPending}
          isDisabled={token.trim() === ''}
        >
          Sign in
        </Button>
      </form>
    </div>
  );
}
