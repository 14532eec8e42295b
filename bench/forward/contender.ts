import type { Crowd } from './crowd.ts';
import type { Namespace } from './namespace.ts';

/** A server that forwards one publisher's packets to many, in its namespace and on its core. */
export interface Contender {
  readonly name: string;
  /** Process whose CPU counts, with all its descendants. */
  readonly pid: number;
  publish(peer: string): Promise<void>;
  play(peer: string): Promise<void>;
  close(): Promise<void>;
}

export interface Surroundings {
  namespace: Namespace;
  core: number;
  crowd: Crowd;
}
