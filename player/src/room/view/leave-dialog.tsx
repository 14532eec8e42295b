import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { RoomSession } from '../room-session.ts';

/** Asks how to leave: alone, or, as host, by ending it for all. */
export function LeaveDialog({
  session,
  isHost,
  isOpen,
  onClose,
}: {
  session: RoomSession;
  isHost: boolean;
  isOpen: boolean;
  onClose: () => void;
}) {
  const [failure, setFailure] = useState<string>();
  const [isEnding, setEnding] = useState(false);
  const close = () => {
    setFailure(undefined);
    onClose();
  };
  const end = async () => {
    setFailure(undefined);
    setEnding(true);
    await session.do({ type: 'end' }, setFailure);
    setEnding(false);
  };
  return (
    <Dialog title="Leave the room?" isOpen={isOpen} onClose={close}>
      {isHost && <p>You are the host. Ending the meeting takes everybody out of the room.</p>}
      {failure !== undefined && <Notice level="danger">{failure}</Notice>}
      <div className="dialog-buttons">
        <Button onPress={close}>Stay</Button>
        {isHost && (
          <Button look="danger" isPending={isEnding} onPress={end}>
            End for everybody
          </Button>
        )}
        <Button look="danger-solid" onPress={() => session.leave()} autoFocus>
          Leave
        </Button>
      </div>
    </Dialog>
  );
}
