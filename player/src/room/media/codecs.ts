/** Every browser has VP8, with simulcast; what else there is comes behind it. */
export function preferVp8(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const isFirst = ({ mimeType }: { mimeType: string }) => mimeType.toLowerCase() === 'video/vp8';
  transceiver.setCodecPreferences?.([
    ...codecs.filter(isFirst),
    ...codecs.filter((codec) => !isFirst(codec)),
  ]);
}

/**
 * The offer with repairs of sound (RFC 4585 NACK) in it, to be sent in the place
 * of the browser's own. Those that are built on libwebrtc ask for lost packets
 * of Opus, and send them again, where the answer agrees to it, and leave it out
 * of what they offer. Others take no notice. Pure.
 */
export const withSoundRepairs = (sdp: string): string =>
  sdp.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r?\n/gim, (line, payloadType: string) =>
    sdp.includes(`a=rtcp-fb:${payloadType} nack\r\n`)
      ? line
      : `${line}a=rtcp-fb:${payloadType} nack\r\n`,
  );
