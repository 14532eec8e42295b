/** Every browser has VP8, with simulcast; what else there is comes behind it. */
export function preferVp8(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const isFirst = ({ mimeType }: { mimeType: string }) => mimeType.toLowerCase() === 'video/vp8';
  transceiver.setCodecPreferences?.([
    ...codecs.filter(isFirst),
    ...codecs.filter((codec) => !isFirst(codec)),
  ]);
}
