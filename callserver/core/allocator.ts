import { allocate, type Claim, wantedBy } from '../congestion/allocation.ts';
import type { CongestionController } from '../congestion/controller.ts';
import type { Consumer } from './consumer.ts';

/**
 * Shares what the path bears out over the consumers of one transport: sound gets
 * what it takes, pictures the rest. Bits per second throughout.
 */
export class Allocator {
  readonly #consumers: Consumer[] = [];
  readonly #claims: Claim[] = [];
  readonly #indices: number[] = [];
  /** What all could use, and what they are given. */
  wanted = 0;
  given = 0;

  /** Where nothing is known of the path, everybody gets what they want. */
  run(consumers: Iterable<Consumer>, control: CongestionController, nowMs: number): void {
    const estimate = control.estimate(nowMs);
    const sound = this.#gather(consumers, nowMs);
    this.wanted = wantedBy(this.#claims) + sound;
    this.given = sound;
    if (estimate === undefined) {
      for (const consumer of this.#consumers) consumer.release(nowMs);
      return;
    }
    // What is lost goes out twice.
    const budget = estimate * (1 - control.fractionLost) - sound;
    allocate(this.#claims, budget, control.calm, this.#indices);
    for (const [i, consumer] of this.#consumers.entries()) {
      const index = this.#indices[i] ?? -1;
      const step = this.#claims[i]?.ladder[index];
      this.given += step?.bitsPerSecond ?? 0;
      consumer.bound(step?.rank ?? -1, step?.temporal ?? 0, nowMs);
    }
  }

  /** Returns what sound takes. */
  #gather(consumers: Iterable<Consumer>, nowMs: number): number {
    this.#consumers.length = 0;
    this.#claims.length = 0;
    let sound = 0;
    for (const consumer of consumers) {
      const { producer } = consumer;
      if (consumer.paused || producer.paused || producer.unheard) continue;
      // What goes into a pipe is chosen behind it.
      if (consumer.parameters.layer !== undefined) continue;
      const { ladder, kind } = producer;
      if (kind === 'audio') {
        sound += ladder.at(-1)?.bitsPerSecond ?? 0;
      } else if (ladder.length > 0) {
        this.#consumers.push(consumer);
        this.#claims.push(consumer.claim(nowMs));
      }
    }
    return sound;
  }
}
