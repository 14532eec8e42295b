import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { silentLogger } from '#base';
import { Router, WorkerProcess } from '#callserver';
import { freePorts } from '#support';

/**
 * Rooms on our call server, at the address that is given. `POST /ROOM/send`
 * takes an offer and answers with the answer and the producer's id,
 * `POST /ROOM/receive?without=ID` gives all producers but that one.
 */
const [, , address = '', entry = ''] = process.argv;
const MAX_SECTIONS = 64;

const [media = 0, http = 0] = await freePorts(2);
const worker = await WorkerProcess.start({
  settings: { port: media, bindAddress: address, announcedAddresses: [address] },
  logger: silentLogger,
  entry,
});
const routers = new Map<string, Promise<Router>>();

async function answerTo(url: URL, offer: string): Promise<object> {
  const [, room = '', kind = ''] = url.pathname.split('/');
  const made = routers.get(room) ?? Router.create(worker);
  routers.set(room, made);
  const router = await made;
  if (kind === 'send') {
    const before = new Set(router.published.keys());
    const session = await router.publish(offer);
    const own = [...router.published.keys()].find((id) => !before.has(id));
    return { sdp: session.answer, producerId: own };
  }
  const without = url.searchParams.get('without');
  const wanted = [...router.published.keys()].filter((id) => id !== without);
  const { session } = await router.receive(offer, wanted, { maxSections: MAX_SECTIONS });
  return { sdp: session.answer };
}

createServer((req, res) => {
  text(req)
    .then((offer) => answerTo(new URL(req.url ?? '/', 'http://room'), offer))
    .then((answer) => res.end(JSON.stringify(answer)))
    .catch((error: unknown) => {
      res.statusCode = 500;
      res.end(String(error));
    });
}).listen(http, address, () => process.send?.({ base: `http://${address}:${http}` }));

const leave = () => {
  worker.close().finally(() => process.exit(0));
};
process.on('SIGTERM', leave);
process.on('disconnect', leave);
