import type { TransportFeedback } from '#protocol';

/**
 * What a receiver says of the path to it: the basis of sender-side congestion
 * control, which belongs here and sets what `Consumer.chooseLayer` may choose.
 */
export class DeliveryMeter {
  /** Bits per second that the receiver believes in, from its REMB; undefined when it sends none. */
  remb: number | undefined;
  /** Share of the packets of the last feedback that did not arrive. */
  fractionLost = 0;

  onFeedback(feedback: TransportFeedback): void {
    const { arrivals } = feedback;
    if (arrivals.length === 0) return;
    const lost = arrivals.reduce<number>((sum, at) => sum + (at === undefined ? 1 : 0), 0);
    this.fractionLost = lost / arrivals.length;
  }
}
