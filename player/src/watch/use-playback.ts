import { useEffect, useState } from 'react';
import type { EventInfo, Playback } from '../playback/index.ts';
import type { View } from '../playback/live/view.ts';

/** The event as it is now; the component follows it. */
export function useInfo(playback: Playback): EventInfo {
  const [info, setInfo] = useState(playback.info);
  useEffect(() => playback.on('info', setInfo), [playback]);
  return info;
}

export function useView(playback: Playback): View {
  const [view, setView] = useState(playback.view);
  useEffect(() => playback.on('view', setView), [playback]);
  return view;
}
