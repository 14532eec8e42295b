import type { MediaDescription, SessionDescription } from '#protocol';
import { MAX_MESSAGE_BYTES } from '../data-parameters.ts';
import type { LocalTransport, RemoteTransport, SctpParameters } from '../parameters.ts';
import { isOffered, openSection, remoteTransportOf } from './answer.ts';

const PROTOCOL = 'UDP/DTLS/SCTP';
const FORMAT = 'webrtc-datachannel';
/** The one that everybody takes; it means nothing but inside this association. */
const PORT = 5000;

type DataSection = MediaDescription & { sctp: SctpParameters };

/** Whether a section is one of data channels (RFC 8841 4) that is offered. */
const isData = (media: MediaDescription): media is DataSection =>
  media.kind === 'application' &&
  media.protocol === PROTOCOL &&
  media.formats[0] === FORMAT &&
  isOffered(media) &&
  media.sctp !== undefined &&
  media.sctp.port > 0;

/** What was agreed about the data channels of a description. */
export interface AgreedData {
  remote: RemoteTransport;
  /** The answer's section of the association; undefined for every other section. */
  section(offered: MediaDescription, local: LocalTransport): MediaDescription | undefined;
}

/**
 * The transport of an offer, with one SCTP association where `wanted` and the
 * offer has one; a second one is refused (RFC 8841 9.2 has one a transport).
 * Throws as `remoteTransportOf`.
 */
export function agreeOnData(offer: SessionDescription, wanted: boolean): AgreedData {
  const remote = remoteTransportOf(offer);
  const found = wanted ? offer.media.find(isData) : undefined;
  if (found === undefined) return { remote, section: () => undefined };
  return {
    remote: { ...remote, sctp: found.sctp },
    section: (offered, local) => (offered === found ? dataSection(found, local) : undefined),
  };
}

const dataSection = (offered: MediaDescription, local: LocalTransport): MediaDescription => ({
  ...openSection(offered, local),
  formats: [FORMAT],
  direction: 'sendrecv',
  rtcpMux: false,
  rtcpReducedSize: false,
  sctp: { port: PORT, maxMessageSize: MAX_MESSAGE_BYTES },
});
