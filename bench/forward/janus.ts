import type { Contender, Surroundings } from './contender.ts';
import { sdpOf, startJanusServer } from './janus-server.ts';

const ROOM = 1234;
const FEED = 1;

/** Janus with its VideoRoom and one event loop, spoken to by its HTTP interface. */
export async function startJanus({ namespace, core, crowd }: Surroundings): Promise<Contender> {
  const { api, pid, close } = await startJanusServer(namespace, core);
  try {
    const host = await api.attach();
    await api.ask(host, { request: 'create', room: ROOM, videocodec: 'vp8', bitrate: 0 });
    return {
      name: 'janus, event_loops=1',
      pid,
      publish: async (peer) => {
        await api.ask(host, { request: 'join', ptype: 'publisher', room: ROOM, id: FEED });
        const offer = { type: 'offer', sdp: await crowd.offer(peer, 'SendOnly') };
        const event = await api.ask(host, { request: 'publish', video: true, audio: false }, offer);
        await crowd.answer(peer, sdpOf(event));
      },
      play: async (peer) => {
        const handle = await api.attach();
        const event = await api.ask(handle, {
          request: 'join',
          ptype: 'subscriber',
          room: ROOM,
          streams: [{ feed: FEED }],
        });
        await crowd.accept(peer, sdpOf(event), (sdp) =>
          api.ask(handle, { request: 'start' }, { type: 'answer', sdp }),
        );
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
