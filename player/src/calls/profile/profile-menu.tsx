import { useQueryClient } from '@tanstack/react-query';
import { BellRing, LogOut } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import type { UserView } from '#contracts';
import { call, textOf } from '../../api/client.ts';
import { type SessionView, sessionQuery } from '../../api/queries.ts';
import { Avatar } from '../../room/view/avatar.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { askToNotify, mayAskToNotify } from '../notification.ts';
import { profilePictureOf } from './picture-file.ts';
import './profile.css';

/** Who one is: name, picture, signing out. */
export function ProfileMenu({
  user,
  onSignOut,
}: {
  user: UserView;
  onSignOut: () => Promise<void>;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className="profile-button"
        aria-label={`Your profile, ${user.displayName}`}
        title="Your profile"
        onClick={() => setOpen(true)}
      >
        <Avatar name={user.displayName} picture={user.picture} size="line" />
      </button>
      <Dialog title="Your profile" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Profile user={user} onSignOut={onSignOut} />
      </Dialog>
    </>
  );
}

function Profile({ user, onSignOut }: { user: UserView; onSignOut: () => Promise<void> }) {
  const client = useQueryClient();
  const [name, setName] = useState(user.displayName);
  const [failure, setFailure] = useState<string>();
  const [pending, setPending] = useState<'name' | 'picture' | 'out'>();
  const file = useRef<HTMLInputElement>(null);
  const attempt = async (what: typeof pending, work: () => Promise<UserView | undefined>) => {
    setPending(what);
    setFailure(undefined);
    try {
      const changed = await work();
      if (changed === undefined) return;
      client.setQueryData(sessionQuery.queryKey, (known: SessionView | undefined) => ({
        admin: known?.admin ?? false,
        user: changed,
      }));
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setPending(undefined);
    }
  };
  const choose = (chosen: File | undefined) => {
    if (chosen === undefined) return;
    attempt('picture', async () => {
      const image = await profilePictureOf(chosen);
      return call<UserView>('PUT', '/api/users/me/picture', { body: { image } });
    });
  };
  const rename = (event: FormEvent) => {
    event.preventDefault();
    const displayName = name.trim();
    if (displayName === '' || displayName === user.displayName) return;
    attempt('name', () => call<UserView>('PATCH', '/api/users/me', { body: { displayName } }));
  };
  return (
    <div className="dialog-body">
      {failure !== undefined && <Notice level="danger">{failure}</Notice>}
      <div className="profile-picture">
        <Avatar name={user.displayName} picture={user.picture} size="large" />
        <div className="profile-picture-text">
          <p className="dim small">
            Shown to your contacts, and in rooms and calls while your camera is off.
          </p>
          <div className="row-actions">
            <Button
              size="small"
              isPending={pending === 'picture'}
              onPress={() => file.current?.click()}
            >
              {user.picture === undefined ? 'Choose a picture' : 'Choose another picture'}
            </Button>
            {user.picture !== undefined && (
              <Button
                size="small"
                look="plain"
                onPress={() =>
                  attempt('picture', () => call<UserView>('DELETE', '/api/users/me/picture'))
                }
              >
                Take it away
              </Button>
            )}
          </div>
          <input
            ref={file}
            type="file"
            hidden
            accept="image/png,image/jpeg,image/webp"
            aria-label="Picture file"
            onChange={(event) => {
              choose(event.target.files?.[0]);
              // The same file may be chosen again.
              event.target.value = '';
            }}
          />
        </div>
      </div>
      <form className="profile-name" onSubmit={rename}>
        <TextField
          label="Your name"
          autoComplete="name"
          value={name}
          onChange={setName}
          maxLength={60}
        />
        <Button
          type="submit"
          isPending={pending === 'name'}
          isDisabled={name.trim() === '' || name.trim() === user.displayName}
        >
          Save
        </Button>
      </form>
      <NotifyChoice />
      <p className="dim small">
        Signed in as <bdi>{user.email}</bdi>
      </p>
      <div className="dialog-buttons">
        <Button
          icon={<LogOut size={16} aria-hidden="true" />}
          isPending={pending === 'out'}
          onPress={() =>
            attempt('out', async () => {
              await onSignOut();
              return undefined;
            })
          }
        >
          Sign out
        </Button>
      </div>
    </div>
  );
}

/** Until it was answered once; then the browser's own settings have it. */
function NotifyChoice() {
  const [mayAsk, setMayAsk] = useState(mayAskToNotify);
  if (!mayAsk) return null;
  return (
    <div className="row-actions">
      <Button
        size="small"
        icon={<BellRing size={16} aria-hidden="true" />}
        onPress={() => askToNotify().finally(() => setMayAsk(mayAskToNotify()))}
      >
        Tell me of calls while I look at something else
      </Button>
    </div>
  );
}
