import type { Crowd } from '../forward/crowd.ts';
import type { Namespace } from '../forward/namespace.ts';

/** A server of rooms, in its namespace and on its core. */
export interface RoomContender {
  readonly name: string;
  /** Process whose CPU counts, with all its descendants. */
  readonly pid: number;
  /** A new room with these people in it, by the names of their peers: who sends, and who receives all others that send. */
  room(name: string, people: RoomPeople): Promise<void>;
  close(): Promise<void>;
}

export interface RoomPeople {
  /** Peers that send one picture each. */
  senders: readonly string[];
  /** Peers that receive, each with the sender that is the same person, if there is one. */
  receivers: readonly { peer: string; self: string | undefined }[];
}

export interface RoomSurroundings {
  namespace: Namespace;
  core: number;
  crowd: Crowd;
}
