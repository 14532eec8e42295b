export {
  AAC_FRAME_SAMPLES,
  type AacConfig,
  aacLcConfig,
  parseAacConfig,
  silentAacFrame,
} from './aac/config.ts';
export { type Amf0Value, readAmf0 } from './amf0/read.ts';
export { ByteReader } from './bytes.ts';
export { aacTagHeader, avcTagHeader, type FlvAv, parseAvTag } from './flv/av.ts';
export {
  FLV_TAG_OVERHEAD,
  FlvReader,
  type FlvTag,
  flvHeader,
  flvTag,
  TAG_AUDIO,
  TAG_SCRIPT,
  TAG_VIDEO,
  writeFlvTag,
} from './flv/tag.ts';
export { type AvcConfig, avcConfigRecord, parseAvcConfig } from './h264/avcc.ts';
export { isWellFormed, lengthPrefixed, nalUnits, withLongLengths } from './h264/nal.ts';
export { avcCodecString, parseSps, type Sps } from './h264/sps.ts';
export { type FragmentSample, type FragmentTrack, fragment } from './isobmff/fragment.ts';
export { type InitTrack, initSegment } from './isobmff/init.ts';
export {
  BoxCutter,
  type InitTrackInfo,
  parseMoof,
  parseMoov,
  type TopLevelBox,
  type TrackFragmentInfo,
} from './isobmff/read.ts';
export { IvfReader } from './ivf/read.ts';
export {
  type IFrame,
  type IFramePlaylist,
  iframePlaylist,
  type MediaPlaylist,
  mediaPlaylist,
  type PlaylistHead,
  type PlaylistPart,
  type PlaylistSegment,
  type RenditionReport,
  type ServerControl,
  segmentText,
} from './m3u8/media.ts';
export { type IFrameVariant, multivariantPlaylist, type Variant } from './m3u8/multivariant.ts';
export { type MatroskaTrack, matroskaFrame, matroskaHead } from './matroska/write.ts';
export { type PictureHeader, readPictureHeader } from './picture/header.ts';
export {
  compactNtp,
  microsOfNtp,
  type NtpTime,
  ntpOfMicros,
  type ReportBlock,
  type RtcpPacket,
  type TransportFeedback,
} from './rtcp/packets.ts';
export { parseRtcp } from './rtcp/read.ts';
export {
  FEEDBACK_TICK_US,
  FeedbackCursor,
  REFERENCE_BITS,
  TICKS_PER_REFERENCE,
  writeTransportFeedback,
} from './rtcp/transport-feedback.ts';
export { RtcpWriter } from './rtcp/write.ts';
export { isAv1KeyFrame } from './rtp/av1.ts';
export {
  DependencyDescriptor,
  type DependencyStructure,
  haveLayersAlone,
} from './rtp/dependency-descriptor.ts';
export {
  ABS_SEND_TIME_BITS,
  ABS_SEND_TIME_RATE,
  absSendTimeOf,
  ElementWriter,
  EXTENSION_URIS,
  type ExtensionName,
  extensionNameOf,
  setElementHead,
} from './rtp/extensions.ts';
export { H264Depacketizer, H264Payload } from './rtp/h264.ts';
export { type PayloadSink, packetizeH264 } from './rtp/h264-packetizer.ts';
export {
  ElementCursor,
  isRtcp,
  RTP_HEADER_SIZE,
  RtpPacket,
  readU16,
  readU24,
  readU32,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
  writeU16,
  writeU24,
  writeU32,
} from './rtp/packet.ts';
export { Vp8Descriptor } from './rtp/vp8.ts';
export { packetizeVp8 } from './rtp/vp8-packetizer.ts';
export { Vp9Descriptor } from './rtp/vp9.ts';
export { parseCandidate, writeCandidate } from './sdp/candidate.ts';
export { parseSdp } from './sdp/parse.ts';
export {
  type CodecDescription,
  type Direction,
  type ExtensionDescription,
  type Fingerprint,
  type IceCandidate,
  type MediaDescription,
  type MediaKind,
  SdpError,
  type SessionDescription,
  type SetupRole,
} from './sdp/types.ts';
export { writeSdp } from './sdp/write.ts';
export {
  bindingRequest,
  isBindingSuccess,
  usernameOfBindingRequest,
} from './stun/message.ts';
export { type PictureSize, vp8KeyFrameSize, vp9KeyFrameSize } from './vpx/size.ts';
