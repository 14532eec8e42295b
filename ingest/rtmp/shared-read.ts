import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** As much as the system hands over in one read. */
const READ_BYTES = 64 * 1024;

/** One for all connections: what was read is used up before the next read begins. */
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

interface SocketOptions extends SocketConstructorOpts {
  handle: object;
  onread: OnReadOpts;
}

/**
 * The same connection as a socket that reads into one shared buffer. Node.js
 * gives every read of an accepted socket new memory of 64 KiB, and freeing
 * thousands of those a second costs more than everything else that a publisher
 * needs. It offers the shared way (`onread`) to sockets that are constructed,
 * so the accepted one's handle goes into a new one; that the handle can be
 * taken is not promised, so where it cannot, undefined is returned and the
 * caller reads in the ordinary way.
 *
 * The accepted socket must not have read yet. `onRead` gets a view that is
 * valid during the call.
 */
export function readShared(accepted: Socket, onRead: (bytes: Buffer) => void): Socket | undefined {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null || !('readStart' in handle)) return undefined;
  if (!Reflect.set(accepted, '_handle', null)) return undefined;
  const options: SocketOptions = {
    handle,
    onread: {
      buffer,
      callback: (size: number) => {
        onRead(buffer.subarray(0, size));
        return true;
      },
    },
  };
  const socket = new Socket(options);
  // Without its handle it is only taken off the server's books.
  accepted.destroy();
  return socket;
}
