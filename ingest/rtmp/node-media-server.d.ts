/** The parts of node-media-server 4.4.3 that Amphi stands on; the version is pinned exactly. */

declare module 'node-media-server/src/protocol/rtmp.js' {
  interface RtmpPacket {
    header: {
      fmt: number;
      cid: number;
      timestamp: number;
      length: number;
      type: number;
      stream_id: number;
    };
    clock: number;
    payload: Buffer;
    capacity: number;
    /** Bytes of the present message that are there. */
    bytes: number;
  }

  export default class Rtmp {
    inPackets: Map<number, RtmpPacket>;
    parserBuffer: Buffer;
    parserBasicBytes: number;
    parserPacket: RtmpPacket;
    inChunkSize: number;
    flv: unknown;
    streamApp: string;
    streamName: string;
    streamId: number;
    onOutputCallback: (bytes: Buffer) => void;
    parserData(bytes: Buffer): string | null;
    packetParse(): void;
    chunkMessageHeaderRead(): number;
    packetAlloc(): void;
    packetHandler(): void;
    onConnect(message: {
      transId: number;
      cmdObj: { app: string; tcUrl: string; objectEncoding?: number };
    }): void;
    onCreateStream(message: { transId: number }): void;
    respondPublish(): void;
    sendACK(size: number): void;
    sendStatusMessage(streamId: number, level: string, code: string, description: string): void;
  }
}

declare module 'node-media-server/src/session/rtmp_session.js' {
  import type { Socket } from 'node:net';
  import type Rtmp from 'node-media-server/src/protocol/rtmp.js';

  export default class RtmpSession {
    constructor(socket: Socket);
    id: string;
    inBytes: number;
    rtmp: Rtmp;
    run(): void;
    onData: (bytes: Buffer) => void;
    onClose: () => void;
    onError: (error: Error) => void;
    onOutput: (bytes: Buffer) => void;
  }
}
