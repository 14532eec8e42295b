import { Phone, PhoneOff, Video } from 'lucide-react';
import { Button } from '../../ui/button.tsx';
import type { CurrentCall } from '../state/calls-state.ts';
import { CallDialog } from './call-dialog.tsx';
import { INCOMING_WORDS } from './words.ts';

/** Somebody calls. */
export function IncomingCall({
  call,
  onAccept,
  onDecline,
}: {
  call: Extract<CurrentCall, { phase: 'incoming' }>;
  onAccept: (withCamera: boolean) => void;
  onDecline: () => void;
}) {
  const isVideo = call.media === 'video';
  return (
    <CallDialog
      title={`${call.peer.displayName} is calling`}
      detail={INCOMING_WORDS[call.media]}
      peer={call.peer}
      isRinging
      buttons={
        <>
          <Button
            look="danger-solid"
            size="large"
            icon={<PhoneOff size={20} aria-hidden="true" />}
            onPress={onDecline}
          >
            Decline
          </Button>
          {isVideo && (
            <Button
              size="large"
              icon={<Phone size={20} aria-hidden="true" />}
              onPress={() => onAccept(false)}
            >
              Sound only
            </Button>
          )}
          <Button
            look="primary"
            size="large"
            icon={
              isVideo ? (
                <Video size={20} aria-hidden="true" />
              ) : (
                <Phone size={20} aria-hidden="true" />
              )
            }
            onPress={() => onAccept(isVideo)}
          >
            {isVideo ? 'Accept with video' : 'Accept'}
          </Button>
        </>
      }
    />
  );
}
