import { useState } from 'react';
import { AccountForm } from '../account/account-form.tsx';
import { Dialog } from '../ui/dialog.tsx';

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
  return (
    <Dialog
      title={isNew ? 'Make an account' : 'Sign in to start a room'}
      isOpen={isOpen}
      onClose={onClose}
    >
      <p className="dim">Whom you invite needs no account.</p>
      <AccountForm
        isNew={isNew}
        words={{ signIn: 'Sign in, and start', signUp: 'Make it, and start' }}
        onSwitch={setNew}
        onSignedIn={onSignedIn}
      />
    </Dialog>
  );
}
