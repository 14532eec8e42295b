import { type FormEvent, useState } from 'react';
import { call, textOf } from '../api/client.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Notice } from '../ui/notice.tsx';

/** Signs in to an account, or makes one. */
export function AccountForm({
  isNew,
  words,
  onSwitch,
  onSignedIn,
}: {
  isNew: boolean;
  /** What the button says, for each of the two. */
  words: { signIn: string; signUp: string };
  /** The person wants the other one of the two. */
  onSwitch: (isNew: boolean) => void;
  onSignedIn: () => void;
}) {
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
    const known = { email: email.trim(), password };
    try {
      if (isNew) {
        const body = { ...known, displayName: displayName.trim() };
        await call('POST', '/api/users', { body });
      } else {
        await call('POST', '/api/sessions', { body: known });
      }
      onSignedIn();
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setPending(false);
    }
  };
  return (
    <form className="dialog-body" onSubmit={submit}>
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
            setFailure(undefined);
            onSwitch(!isNew);
          }}
        >
          {isNew ? 'I have an account' : 'Make an account'}
        </Button>
        <Button type="submit" look="primary" isPending={isPending} isDisabled={!isComplete}>
          {isNew ? words.signUp : words.signIn}
        </Button>
      </div>
    </form>
  );
}
