import { type FormEvent, useState } from 'react';
import { call, textOf } from '../api/client.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Notice } from '../ui/notice.tsx';

/** Signs in to an account, or makes one: whoever starts a room has one. */
export function AccountDialog({
  isOpen,
  onClose,
  onSignedIn,
}: {
  isOpen: boolean;
  onClose: () => void;
  onSignedIn: () => void;
}) {
  const [isNew, setNew] = useState(false);
  const [email, setEmail] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState<string>();
  const [isPending, setPending] = useState(false);
  const isComplete =
    email.includes('@') && password !== '' && (!isNew || displayName.trim() !== '');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isComplete) return;
    setPending(true);
    setFailure(undefined);
    try {
      if (isNew) {
        await call('POST', '/api/users', {
          body: { email: email.trim(), password, displayName: displayName.trim() },
        });
      } else {
        await call('POST', '/api/sessions', { body: { email: email.trim(), password } });
      }
      onSignedIn();
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog
      title={isNew ? 'Make an account' : 'Sign in to start a room'}
      isOpen={isOpen}
      onClose={onClose}
    >
      <form className="dialog-body" onSubmit={submit}>
        <p className="dim">Whom you invite needs no account.</p>
        {failure !== undefined && <Notice level="danger">{failure}</Notice>}
        {isNew && (
          <TextField
            label="Your name"
            autoComplete="name"
            value={displayName}
            onChange={setDisplayName}
            maxLength={60}
          />
        )}
        <TextField
          label="E-mail"
          type="email"
          autoComplete="email"
          value={email}
          onChange={setEmail}
          autoFocus
        />
        <TextField
          label="Password"
          {...(isNew ? { hint: '8 characters at least' } : {})}
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          value={password}
          onChange={setPassword}
        />
        <div className="dialog-buttons">
          <Button
            onPress={() => {
              setNew(!isNew);
              setFailure(undefined);
            }}
          >
            {isNew ? 'I have an account' : 'Make an account'}
          </Button>
          <Button type="submit" look="primary" isPending={isPending} isDisabled={!isComplete}>
            {isNew ? 'Make it, and start' : 'Sign in, and start'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
