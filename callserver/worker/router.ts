import type { DataProducer } from '../channels/data-producer.ts';
import type { Producer } from '../core/producer.ts';
import type { Transport } from '../core/transport.ts';
import type { SpeakerBoard } from '../speakers/speaker-board.ts';

/** Producers and consumers find each other within one router and never across. */
export interface Router {
  readonly id: string;
  readonly transports: Set<Transport>;
  readonly producers: Map<string, Producer>;
  readonly dataProducers: Map<string, DataProducer>;
  readonly speakers: SpeakerBoard;
}
