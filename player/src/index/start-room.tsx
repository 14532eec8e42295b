import { useMutation } from '@tanstack/react-query';
import { DoorOpen } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { Problem, textOf } from '../api/client.ts';
import { startRoom } from '../room/start-room.ts';
import { Button } from '../ui/button.tsx';

const AccountDialog = lazy(async () => ({
  default: (await import('./account-dialog.tsx')).AccountDialog,
}));

/** Makes a room and goes into it, as its host. */
export function StartRoom() {
  const [isAsked, setAsked] = useState(false);
  const start = useMutation({
    mutationFn: startRoom,
    // Who may not make rooms is still who they are.
    onError: (error) => setAsked(needsAccount(error)),
  });
  return (
    <>
      <Button
        size="large"
        icon={<DoorOpen size={20} aria-hidden="true" />}
        isPending={start.isPending || start.isSuccess}
        onPress={() => start.mutate()}
      >
        Start a room
      </Button>
      {start.isError && !needsAccount(start.error) && (
        <p className="hero-trouble" role="alert">
          {textOf(start.error)}
        </p>
      )}
      {isAsked && (
        <Suspense>
          <AccountDialog
            isOpen
            onClose={() => setAsked(false)}
            onSignedIn={() => {
              setAsked(false);
              start.mutate();
            }}
          />
        </Suspense>
      )}
    </>
  );
}

const needsAccount = (error: unknown): boolean => error instanceof Problem && error.status === 401;
