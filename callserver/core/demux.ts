import { ElementCursor, type RtpPacket } from '#protocol';
import { MID, REPAIRED_RID, RID } from '../packet/extension-order.ts';
import type { IncomingStream } from './incoming-stream.ts';
import type { Producer } from './producer.ts';

/** Where the packets of one SSRC go. */
export interface Route {
  producer: Producer;
  layer: number;
  /** Undefined on the SSRC of retransmissions until the stream itself has begun. */
  stream: IncomingStream | undefined;
  retransmission: boolean;
}

/** Streams that a transport may learn beside those that its description named. */
const MAX_LEARNT = 64;

/**
 * Finds the producer that a packet belongs to (RFC 8843 9.2): by SSRC once it is
 * known, at first sight by MID and RID, by the payload type where only one
 * producer has it.
 */
export class StreamDemux {
  readonly #producers: Producer[] = [];
  readonly #routes = new Map<number, Route>();
  readonly #elements = new ElementCursor();
  readonly #learnt = new Set<number>();

  get routes(): Iterable<Route> {
    return this.#routes.values();
  }

  add(producer: Producer): void {
    this.#producers.push(producer);
    for (const [layer, { ssrc, rtxSsrc }] of producer.parameters.encodings.entries()) {
      if (ssrc !== undefined) {
        this.#routes.set(ssrc, this.#route(producer, layer, ssrc, false));
      }
      if (rtxSsrc !== undefined) {
        this.#routes.set(rtxSsrc, this.#route(producer, layer, rtxSsrc, true));
      }
    }
  }

  remove(producer: Producer): void {
    this.#producers.splice(this.#producers.indexOf(producer), 1);
    for (const [ssrc, route] of this.#routes) {
      if (route.producer !== producer) continue;
      this.#routes.delete(ssrc);
      this.#learnt.delete(ssrc);
    }
  }

  streamOf(ssrc: number): IncomingStream | undefined {
    const route = this.#routes.get(ssrc);
    return route?.retransmission ? undefined : route?.stream;
  }

  producerOf(ssrc: number): Producer | undefined {
    return this.#routes.get(ssrc)?.producer;
  }

  route(packet: RtpPacket, indexById: Uint8Array): Route | undefined {
    const known = this.#routes.get(packet.ssrc);
    if (known === undefined) return this.#learn(packet, indexById);
    if (known.retransmission) known.stream ??= known.producer.stream(known.layer);
    return known;
  }

  #learn(packet: RtpPacket, indexById: Uint8Array): Route | undefined {
    let mid: string | undefined;
    let rid: string | undefined;
    let repairedRid: string | undefined;
    const elements = this.#elements.begin(packet);
    while (elements.next()) {
      const index = indexById[elements.id];
      if (index === MID) mid = textOf(packet.bytes, elements);
      else if (index === RID) rid = textOf(packet.bytes, elements);
      else if (index === REPAIRED_RID) repairedRid = textOf(packet.bytes, elements);
    }
    const producer = this.#producerFor(packet.payloadType, mid);
    if (producer === undefined) return undefined;
    const { parameters } = producer;
    const retransmission = packet.payloadType === parameters.rtxPayloadType;
    const wanted = retransmission ? (repairedRid ?? rid) : rid;
    const layer =
      wanted === undefined && parameters.encodings.length === 1
        ? 0
        : parameters.encodings.findIndex((encoding) => encoding.rid === wanted);
    // A stream keeps the SSRC that it began with: another one that claims its RID is refused.
    const taken = !retransmission && producer.stream(layer) !== undefined;
    if (layer < 0 || taken || this.#learnt.size >= MAX_LEARNT) return undefined;
    this.#learnt.add(packet.ssrc);
    const route = this.#route(producer, layer, packet.ssrc, retransmission);
    this.#routes.set(packet.ssrc, route);
    return route;
  }

  #route(producer: Producer, layer: number, ssrc: number, retransmission: boolean): Route {
    const stream = retransmission ? producer.stream(layer) : producer.open(layer, ssrc);
    return { producer, layer, stream, retransmission };
  }

  #producerFor(payloadType: number, mid: string | undefined): Producer | undefined {
    const fits = this.#producers.filter(
      ({ parameters }) =>
        (payloadType === parameters.payloadType || payloadType === parameters.rtxPayloadType) &&
        (mid === undefined || mid === parameters.mid),
    );
    return fits.length === 1 ? fits[0] : undefined;
  }
}

function textOf(bytes: Uint8Array, element: { offset: number; length: number }): string {
  let text = '';
  for (let i = 0; i < element.length; i++) {
    text += String.fromCharCode(bytes[element.offset + i] ?? 0);
  }
  return text;
}
