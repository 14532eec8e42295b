import { useEffect, useRef, useState } from 'react';
import type { PublishToken } from '#contracts';
import { call } from '../../api/client.ts';
import { sourcePath } from '../../api/queries.ts';
import { Publisher, type PublisherState, type SendFigures } from '../../publish/index.ts';
import type { Camera } from './use-camera.ts';

export interface Sending {
  state: PublisherState;
  figures: SendFigures | undefined;
  start: (sourceId: string) => void;
  stop: () => void;
}

const BITS_PER_SECOND = { camera: 3_000_000, screen: 4_000_000 };

/** Sends what the camera gives to a source of the event, until it is stopped or the page is left. */
export function useSending(eventId: string, { video, audio, isScreen }: Camera): Sending {
  const [state, setState] = useState<PublisherState>({ name: 'idle' });
  const [figures, setFigures] = useState<SendFigures>();
  const source = useRef('');
  const held = useRef<Publisher>(undefined);

  useEffect(() => {
    const publisher = new Publisher({
      target: async (signal) => {
        const path = `${sourcePath(eventId, source.current)}/publish-tokens`;
        const { token } = await call<PublishToken>('POST', path, { signal });
        // The server's own name for the address may be one that this page does not go by.
        return { url: `/whip/${eventId}/${source.current}`, token };
      },
      onState: (next) => {
        setState(next);
        if (next.name !== 'live') setFigures(undefined);
      },
      onFigures: setFigures,
    });
    held.current = publisher;
    const leave = () => publisher.stop();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      publisher.stop();
    };
  }, [eventId]);

  useEffect(() => {
    held.current?.setTrack('video', video).catch(() => {});
  }, [video]);
  useEffect(() => {
    held.current?.setTrack('audio', audio).catch(() => {});
  }, [audio]);
  useEffect(() => {
    const content = isScreen ? 'screen' : 'camera';
    held.current?.set({ content, maxVideoBitsPerSecond: BITS_PER_SECOND[content] }).catch(() => {});
  }, [isScreen]);

  // Leaving by mistake would take viewers' picture away.
  const isSending = state.name !== 'idle' && state.name !== 'failed';
  useEffect(() => {
    if (!isSending) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isSending]);

  return {
    state,
    figures,
    start: (sourceId) => {
      source.current = sourceId;
      held.current?.start();
    },
    stop: () => held.current?.stop(),
  };
}
