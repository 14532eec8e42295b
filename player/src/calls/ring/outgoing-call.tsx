import { MessageSquare, Phone, PhoneOff } from 'lucide-react';
import type { LocalMedia } from '../../room/media/local-media.ts';
import { useStore } from '../../room/use-store.ts';
import { Picture } from '../../room/view/picture.tsx';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { CallCenter } from '../call-center.ts';
import type { CurrentCall } from '../state/calls-state.ts';
import { CallDialog } from './call-dialog.tsx';
import { outgoingDetail, outgoingTitle } from './words.ts';

/** A call of ours until it goes on, or what became of it; or one that was answered, for the moment until its room is there. */
export function OutgoingCall({
  center,
  call,
}: {
  center: CallCenter;
  call: Exclude<CurrentCall, { phase: 'incoming' }>;
}) {
  const local = useStore(center.local);
  const { peer, media } = call;
  const isOver = call.phase === 'failed';
  const write = () => {
    center.hangUp();
    center.open(peer.userId);
  };
  return (
    <CallDialog
      title={outgoingTitle(call)}
      detail={outgoingDetail(call)}
      peer={peer}
      isRinging={call.phase === 'calling' && call.rings}
      buttons={
        isOver ? (
          <>
            <Button onPress={() => center.hangUp()}>Close</Button>
            <Button icon={<MessageSquare size={18} aria-hidden="true" />} onPress={write}>
              Write
            </Button>
            <Button
              look="primary"
              icon={<Phone size={18} aria-hidden="true" />}
              onPress={() => center.call(peer, media)}
            >
              Call again
            </Button>
          </>
        ) : (
          <Button
            look="danger-solid"
            size="large"
            icon={<PhoneOff size={20} aria-hidden="true" />}
            onPress={() => center.hangUp()}
          >
            {call.phase === 'calling' ? 'Cancel' : 'Hang up'}
          </Button>
        )
      }
    >
      {local !== undefined && !isOver && <OwnPicture local={local} />}
    </CallDialog>
  );
}

/** What one will give to the call: one's camera, or why there is none. */
function OwnPicture({ local }: { local: LocalMedia }) {
  const { tracks, problem, isOpening, preferences } = useStore(local.store);
  if (problem !== undefined) {
    return <Notice level="warn">{problem.text} The call goes on without.</Notice>;
  }
  const { camera, screen } = tracks;
  const shown = screen ?? camera;
  if (shown !== undefined) {
    return (
      <div className="ring-own">
        <Picture
          track={shown}
          isMirrored={screen === undefined}
          isWhole={screen !== undefined}
          label={screen === undefined ? 'Your camera' : 'Your screen'}
        />
      </div>
    );
  }
  if (!isOpening) return null;
  return (
    <p className="dim small">
      Waiting for the {preferences.camera ? 'camera' : 'microphone'}: the browser may ask you
    </p>
  );
}
