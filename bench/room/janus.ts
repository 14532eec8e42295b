import { sdpOf, startJanusServer } from '../forward/janus-server.ts';
import type { RoomContender, RoomSurroundings } from './contender.ts';

const FIRST_ROOM = 1000;
const MAX_PUBLISHERS = 100;

/** Janus's VideoRoom: a handle for what somebody sends, one for all that they receive. */
export async function startJanusRooms(surroundings: RoomSurroundings): Promise<RoomContender> {
  const { namespace, core, crowd } = surroundings;
  const { api, pid, close } = await startJanusServer(namespace, core);
  let rooms = 0;
  return {
    name: 'janus, event_loops=1',
    pid,
    room: async (_name, { senders, receivers }) => {
      const room = FIRST_ROOM + rooms++;
      const host = await api.attach();
      await api.ask(host, {
        request: 'create',
        room,
        publishers: MAX_PUBLISHERS,
        videocodec: 'vp8',
        bitrate: 0,
      });
      const feeds = new Map(senders.map((peer, i) => [peer, i + 1]));
      for (const [peer, id] of feeds) {
        const handle = await api.attach();
        await api.ask(handle, { request: 'join', ptype: 'publisher', room, id });
        const offer = { type: 'offer', sdp: await crowd.offer(peer, 'SendOnly') };
        const event = await api.ask(
          handle,
          { request: 'publish', video: true, audio: false },
          offer,
        );
        await crowd.answer(peer, sdpOf(event));
      }
      for (const { peer, self } of receivers) {
        const handle = await api.attach();
        const streams = [...feeds]
          .filter(([sender]) => sender !== self)
          .map(([, feed]) => ({ feed }));
        const event = await api.ask(handle, {
          request: 'join',
          ptype: 'subscriber',
          room,
          streams,
        });
        await crowd.accept(peer, sdpOf(event), (sdp) =>
          api.ask(handle, { request: 'start' }, { type: 'answer', sdp }),
        );
      }
    },
    close,
  };
}
