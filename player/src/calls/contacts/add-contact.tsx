import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call, textOf } from '../../api/client.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { contactsQuery } from '../queries.ts';

/** Asks somebody to be a contact, by their e-mail address. */
export function AddContact({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [asked, setAsked] = useState<string>();
  const [failure, setFailure] = useState<string>();
  const [isPending, setPending] = useState(false);
  const close = () => {
    setEmail('');
    setAsked(undefined);
    setFailure(undefined);
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const address = email.trim();
    if (!address.includes('@')) return;
    setPending(true);
    setFailure(undefined);
    setAsked(undefined);
    try {
      await call('POST', '/api/contacts', { body: { email: address } });
      setAsked(address);
      setEmail('');
      announce(`Asked ${address}`);
      client.invalidateQueries({ queryKey: contactsQuery.queryKey });
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog title="Add a contact" isOpen={isOpen} onClose={close}>
      <form className="dialog-body" onSubmit={submit}>
        <p className="dim">
          They are asked first. Only contacts call you, write to you and see whether you are here.
        </p>
        {failure !== undefined && <Notice level="danger">{failure}</Notice>}
        {asked !== undefined && (
          <Notice level="info">
            If <bdi>{asked}</bdi> has an account here, they have been asked; else they will be as
            soon as they make one.
          </Notice>
        )}
        <TextField
          label="Their e-mail"
          type="email"
          autoComplete="off"
          value={email}
          onChange={setEmail}
          autoFocus
        />
        <div className="dialog-buttons">
          <Button onPress={close}>{asked === undefined ? 'Cancel' : 'Done'}</Button>
          <Button
            type="submit"
            look="primary"
            isPending={isPending}
            isDisabled={!email.includes('@')}
          >
            Ask
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
