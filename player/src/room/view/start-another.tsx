import { useState } from 'react';
import { textOf } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { startRoom } from '../start-room.ts';

/** For the host of a room that is over, which does not open again. */
export function StartAnother() {
  const [isPending, setPending] = useState(false);
  const [failure, setFailure] = useState<string>();
  const start = async () => {
    setPending(true);
    setFailure(undefined);
    try {
      // The page is left with that: the button stays as it is until then.
      await startRoom();
    } catch (error) {
      setFailure(textOf(error));
      setPending(false);
    }
  };
  return (
    <>
      <Button look="primary" isPending={isPending} onPress={start}>
        Start another room
      </Button>
      {failure !== undefined && (
        <p className="start-failure" role="alert">
          {failure}
        </p>
      )}
    </>
  );
}
