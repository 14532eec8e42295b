import type { Capabilities } from '#contracts';

/** What this device and browser can send and receive. */
export function capabilitiesOf(): Capabilities {
  const codecs = (kind: 'audio' | 'video') => {
    const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    return [...new Set(all.map(({ mimeType }) => mimeType))].slice(0, 32);
  };
  const isMobile = matchMedia('(pointer: coarse)').matches;
  const isSmall = Math.min(screen.width, screen.height) < 600;
  return {
    audioCodecs: codecs('audio'),
    videoCodecs: codecs('video'),
    maxWidth: 1280,
    maxHeight: 720,
    device: isMobile ? (isSmall ? 'mobile' : 'tablet') : 'desktop',
  };
}
