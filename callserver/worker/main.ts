import { Socket } from 'node:net';
import { AmphiError, isAmphiError, messageOf } from '#base';
import { dataFrame, readDataFrame } from '../control/data-frames.ts';
import { FRAME_CONTROL, FRAME_DATA, FRAME_PACKET, FrameReader, frame } from '../control/frames.ts';
import { ControlRequest, isRequestName, REQUESTS } from '../control/messages.ts';
import { handlersOf } from './handlers.ts';
import { Worker } from './worker.ts';

/** A worker process: speaks the control protocol on descriptor 3 and ends when that does. */
const CONTROL_DESCRIPTOR = 3;
/** Packets for the owner that it does not take in time are dropped, not kept. */
const MAX_BACKLOG = 8 * 1024 * 1024;

const socket = new Socket({ fd: CONTROL_DESCRIPTOR, readable: true, writable: true });
const sendControl = (message: unknown) =>
  socket.write(frame(FRAME_CONTROL, Buffer.from(JSON.stringify(message))));

const worker = new Worker(
  (notice) => sendControl(notice),
  (handle, packet) => {
    if (socket.writableLength > MAX_BACKLOG) return false;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(handle);
    socket.write(frame(FRAME_PACKET, head, packet));
    return true;
  },
  (handle, message) => {
    if (socket.writableLength > MAX_BACKLOG) return false;
    socket.write(dataFrame(handle, message));
    return true;
  },
);
const handlers = handlersOf(worker);

function onControl(payload: Buffer): void {
  const parsed = ControlRequest.safeParse(JSON.parse(payload.toString()));
  if (!parsed.success) throw new AmphiError('protocol_violation', 'not a request');
  const { request, name, input } = parsed.data;
  try {
    if (!isRequestName(name)) throw new AmphiError('bad_request', `no request "${name}"`);
    const valid = REQUESTS[name].input.safeParse(input);
    if (!valid.success) throw new AmphiError('bad_request', `${name}: ${valid.error.message}`);
    // Name and input belong together by the table that both come from.
    const output = (handlers[name] as (input: unknown) => unknown)(valid.data);
    if (output instanceof Promise) {
      output.then(
        (value) => answer(request, value),
        (error) => refuse(request, error),
      );
    } else {
      answer(request, output);
    }
  } catch (error) {
    refuse(request, error);
  }
}

const answer = (request: number, output: unknown): void => {
  sendControl({ answer: request, output: output ?? {} });
};

function refuse(request: number, error: unknown): void {
  const code = isAmphiError(error) ? error.code : 'internal';
  sendControl({ answer: request, error: { code, message: messageOf(error) } });
}

const reader = new FrameReader();
socket.on('data', (chunk: Buffer) => {
  try {
    for (const { kind, payload } of reader.push(chunk)) {
      if (kind === FRAME_CONTROL) onControl(payload);
      else if (kind === FRAME_PACKET && payload.length > 4) {
        worker.receivePacket(payload.readUInt32BE(0), payload.subarray(4));
      } else if (kind === FRAME_DATA) {
        const { handle, message } = readDataFrame(payload);
        worker.data.receive(handle, message);
      }
    }
  } catch (error) {
    console.error(`call-server worker: ${messageOf(error)}`);
    process.exit(1);
  }
});
// A plain exit is clean; the library's own clean-up is not.
socket.on('close', () => process.exit(0));
socket.on('error', () => process.exit(1));
// The terminal's Ctrl-C reaches the whole group; the owner decides when this one goes.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => process.exit(0));
