/**
 * Has the next gathering of this connection ask these servers (W3C WebRTC
 * 4.4.1.6). To be called just before an ICE restart or an answer to one: other
 * servers than before have the next offer restart ICE (RFC 9429 4.1.18).
 */
export function setIceServers(connection: RTCPeerConnection, iceServers: RTCIceServer[]): void {
  connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
}
