import { fileURLToPath } from 'node:url';
import { startChild } from '../child.ts';
import type { RoomContender, RoomSurroundings } from './contender.ts';

const MAIN = fileURLToPath(new URL('./amphi-main.js', import.meta.url));
const WORKER = fileURLToPath(new URL('../../callserver/worker/main.js', import.meta.url));

export async function startAmphiRooms(surroundings: RoomSurroundings): Promise<RoomContender> {
  const { namespace, core, crowd } = surroundings;
  const server = await startChild(MAIN, [namespace.inside, WORKER], core, namespace.name);
  const { base } = server.greeting as { base: string };
  const exchange = async (path: string, offer: string) => {
    const response = await fetch(`${base}/${path}`, { method: 'POST', body: offer });
    const body = await response.text();
    if (!response.ok) throw new Error(`${path}: ${body}`);
    return JSON.parse(body) as { sdp: string; producerId?: string };
  };
  return {
    name: 'amphi',
    pid: server.pid,
    room: async (name, { senders, receivers }) => {
      const ids = new Map<string, string>();
      for (const peer of senders) {
        const { sdp, producerId = '' } = await exchange(
          `${name}/send`,
          await crowd.offer(peer, 'SendOnly'),
        );
        ids.set(peer, producerId);
        await crowd.answer(peer, sdp);
      }
      for (const { peer, self } of receivers) {
        const without = self === undefined ? '' : `?without=${ids.get(self)}`;
        const others = senders.length - (self === undefined ? 0 : 1);
        const offer = await crowd.offer(peer, 'RecvOnly', others);
        const { sdp } = await exchange(`${name}/receive${without}`, offer);
        await crowd.answer(peer, sdp);
      }
    },
    close: async () => {
      server.stop();
      await server.exited;
    },
  };
}
