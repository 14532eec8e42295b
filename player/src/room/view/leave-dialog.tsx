import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
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
  return (
    <Dialog title="Leave the room?" isOpen={isOpen} onClose={onClose}>
      {isHost && <p>You are the host. Ending the meeting takes everybody out of the room.</p>}
      <div className="dialog-buttons">
        <Button onPress={onClose}>Stay</Button>
        {isHost && (
          <Button look="danger" onPress={() => session.do({ type: 'end' }, () => {})}>
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
