import type { RoomGuest } from './room-guest.ts';

/** As much of the page's session as is looked at. */
interface Session {
  remote: { voices(): Iterable<[string, RTCRtpReceiver]> };
}

interface Watching extends Window {
  standstill: Standstill;
  connections: number;
}

/** The longest that nothing new came of anybody, in milliseconds. */
export interface Standstill {
  soundMs: number;
  pictureMs: number;
  /** The same of the sound, less the time in which the page itself could not run. */
  ownSoundMs: number;
}

/** Counts the connections of a page that are made from now on, and watches what is heard and seen of the others. */
export function watchStandstill({ page }: RoomGuest): Promise<void> {
  return page.evaluate(() => {
    const everyMs = 20;
    const state = window as unknown as Watching;
    state.standstill = { soundMs: 0, pictureMs: 0, ownSoundMs: 0 };
    state.connections = 0;
    window.RTCPeerConnection = class extends window.RTCPeerConnection {
      constructor(...options: ConstructorParameters<typeof RTCPeerConnection>) {
        super(...options);
        state.connections++;
      }
    };
    const { session } = document.getElementById('root') as unknown as { session: Session };
    const sounds = new Map<string, { mark: string; atMs: number; ownMs: number }>();
    let pictureAtMs = Number.POSITIVE_INFINITY;
    const followed = new WeakSet<HTMLVideoElement>();
    const follow = (video: HTMLVideoElement) => {
      followed.add(video);
      const onFrame = () => {
        pictureAtMs = performance.now();
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    };
    let before = performance.now();
    let ranMs = 0;
    setInterval(() => {
      const now = performance.now();
      ranMs += Math.min(now - before, 2 * everyMs);
      before = now;
      const { standstill } = state;
      for (const video of document.querySelectorAll('video')) {
        const isOwn = video.closest('[data-mirrored]') !== null;
        if (!isOwn && !followed.has(video)) follow(video);
      }
      standstill.pictureMs = Math.max(standstill.pictureMs, now - pictureAtMs);
      for (const [id, receiver] of session.remote.voices()) {
        const sources = receiver.getSynchronizationSources();
        const mark = sources.map(({ source, rtpTimestamp }) => `${source} ${rtpTimestamp}`).join();
        const sound = sounds.get(id);
        if (sound?.mark !== mark && mark !== '') {
          sounds.set(id, { mark, atMs: now, ownMs: ranMs });
        }
      }
      // Who is not even among the voices stands still, too.
      for (const { atMs, ownMs } of sounds.values()) {
        standstill.soundMs = Math.max(standstill.soundMs, now - atMs);
        standstill.ownSoundMs = Math.max(standstill.ownSoundMs, ranMs - ownMs);
      }
    }, everyMs);
  });
}

/** Waits until nothing has been heard of somebody for so long since this was last asked for. */
export const untilStill = ({ page }: RoomGuest, forMs: number): Promise<unknown> =>
  page.waitForFunction(
    (forMs) => (window as unknown as Watching).standstill.soundMs >= forMs,
    forMs,
  );

/** What it was since it was last asked for. */
export function takeStandstill({ page }: RoomGuest): Promise<Standstill> {
  return page.evaluate(() => {
    const state = window as unknown as Watching;
    const { standstill } = state;
    state.standstill = { soundMs: 0, pictureMs: 0, ownSoundMs: 0 };
    return standstill;
  });
}

/** How many connections the page has made since it was watched. */
export const connectionsMade = ({ page }: RoomGuest): Promise<number> =>
  page.evaluate(() => (window as unknown as Watching).connections);
