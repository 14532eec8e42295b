let done = false;

/**
 * Has the browser start its media engine, which the first connection of a page
 * would have to wait for: to be called while there is time, in the lobby.
 */
export function warmUp(): void {
  if (done || !('RTCPeerConnection' in globalThis)) return;
  done = true;
  const connection = new RTCPeerConnection();
  connection.addTransceiver('video');
  connection
    .createOffer()
    .catch(() => {})
    .finally(() => connection.close());
}
