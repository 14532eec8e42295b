import { useMutation } from '@tanstack/react-query';
import { DoorOpen } from 'lucide-react';
import type { CreatedMeeting } from '#contracts';
import { call, Problem, textOf } from '../api/client.ts';
import { keepHostToken } from '../room/host-token.ts';
import { Button } from '../ui/button.tsx';

/** Makes a room and goes into it, as its host. */
export function StartRoom() {
  const start = useMutation({
    mutationFn: () =>
      call<CreatedMeeting>('POST', '/api/meetings', { body: { title: 'New room' } }),
    onSuccess: ({ meetingId, hostToken }) => {
      keepHostToken(meetingId, hostToken);
      location.assign(`/room/${encodeURIComponent(meetingId)}`);
    },
    // Who may not make rooms is still who they are.
    onError: () => {},
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
      {start.isError && (
        <p className="hero-trouble" role="alert">
          {start.error instanceof Problem && start.error.status === 401 ? (
            <>
              <a href="/studio">Sign in to the studio</a> to start a room.
            </>
          ) : (
            textOf(start.error)
          )}
        </p>
      )}
    </>
  );
}
