import type { RequestInput, RequestName } from '../control/messages.ts';
import type { Worker } from './worker.ts';

/** Outputs are checked where they arrive. */
type Handlers = { [Name in RequestName]: (input: RequestInput<Name>) => unknown };

/** What each request of the control protocol does. */
export const handlersOf = (worker: Worker): Handlers => ({
  configure: (input) => worker.configure(input),
  createRouter: (input) => worker.createRouter(input),
  closeRouter: (input) => worker.closeRouter(input.routerId),
  createWebRtcTransport: (input) => worker.createWebRtcTransport(input),
  restartTransport: (input) => worker.restartTransport(input),
  createDirectTransport: (input) => worker.createDirectTransport(input),
  createPipeTransport: (input) => worker.createPipeTransport(input),
  connectPipeTransport: (input) => worker.connectPipeTransport(input),
  createPlainTransport: (input) => worker.createPlainTransport(input),
  closeTransport: (input) => worker.closeTransport(input.transportId),
  produce: (input) => worker.produce(input),
  closeProducer: (input) => worker.closeProducer(input.producerId),
  pauseProducer: (input) => worker.pauseProducer(input.producerId, input.paused),
  consume: (input) => worker.consume(input),
  switchConsumer: (input) => worker.switchConsumer(input),
  preferLayers: (input) => worker.preferLayers(input),
  wantConsumer: (input) => worker.want(input),
  pauseConsumer: (input) => worker.pauseConsumer(input.consumerId, input.paused),
  requestKeyFrame: (input) => worker.requestKeyFrame(input.consumerId),
  closeConsumer: (input) => worker.closeConsumer(input.consumerId),
  produceData: (input) => worker.data.produce(input),
  closeDataProducer: (input) => worker.data.closeProducer(input.dataProducerId),
  consumeData: (input) => worker.data.consume(input),
  closeDataConsumer: (input) => worker.data.closeConsumer(input.dataConsumerId),
  workerStats: () => worker.workerStats(),
  routerSummary: (input) => worker.summary(input.routerId),
  transportStats: (input) => worker.stats(input.transportId),
});
