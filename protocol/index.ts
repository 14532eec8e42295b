export {
  AAC_FRAME_SAMPLES,
  type AacConfig,
  aacLcConfig,
  parseAacConfig,
  silentAacFrame,
} from './aac/config.ts';
export { type Amf0Value, readAmf0 } from './amf0/read.ts';
export { aacTagHeader, avcTagHeader, type FlvAv, parseAvTag } from './flv/av.ts';
export {
  FlvReader,
  type FlvTag,
  flvHeader,
  flvTag,
  TAG_AUDIO,
  TAG_SCRIPT,
  TAG_VIDEO,
} from './flv/tag.ts';
export { type AvcConfig, parseAvcConfig } from './h264/avcc.ts';
export { isWellFormed, NAL_IDR, NAL_PPS, NAL_SPS, nalType, nalUnits } from './h264/nal.ts';
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
export {
  type IFrame,
  iframePlaylist,
  type MediaPlaylist,
  mediaPlaylist,
  type PlaylistPart,
  type PlaylistSegment,
  type RenditionReport,
} from './m3u8/media.ts';
export { type IFrameVariant, multivariantPlaylist, type Variant } from './m3u8/multivariant.ts';
