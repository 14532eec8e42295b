/** Of each kind: so many the first offer has, and a small room needs no second one. */
const SECTIONS = 3;

let prepared: RTCPeerConnection | undefined;

/**
 * Has the browser start its media engine and make a connection to receive by,
 * which the first offer would have to wait for: to be called while there is
 * time, in the lobby.
 */
export function prepare(): void {
  if (prepared !== undefined || !('RTCPeerConnection' in globalThis)) return;
  const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  for (const kind of ['audio', 'video'] as const) {
    for (let i = 0; i < SECTIONS; i++) connection.addTransceiver(kind, { direction: 'recvonly' });
  }
  // Thrown away, but what it takes to make one is at hand after it.
  connection.createOffer().catch(() => {});
  prepared = connection;
}

/** The connection that was prepared, for whoever asks first. */
export function takePrepared(configuration: RTCConfiguration): RTCPeerConnection | undefined {
  const connection = prepared;
  prepared = undefined;
  connection?.setConfiguration(configuration);
  return connection;
}
