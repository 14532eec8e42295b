import type { PlaybackSession, Router, TransportStats, WorkerClient } from '#callserver';

/** What somebody can watch of an event in one worker, for as long as they do. */
export interface Watchable {
  /** The source whose streams are forwarded as they are; undefined for the bank's renditions. */
  sourceId: string | undefined;
  /** Has its producers. */
  router: Router;
  /** Statistics of the producers. */
  stats: () => Promise<TransportStats>;
  /** What a video stream is called. */
  nameOf: (stream: number) => string | undefined;
  /** It is watched no longer. */
  release: () => void;
}

/** A viewer's session, and what it shows now. */
export interface Watching extends Omit<Watchable, 'router'> {
  session: PlaybackSession;
  worker: WorkerClient;
}
