import type { SourceView } from '#contracts';
import type { Links } from './links.ts';

/** Where a source is published to. A key opens both ways; a source's kind says which one it was made for. */
export const addresses = (
  kind: SourceView['kind'],
  eventId: string,
  sourceId: string,
  links: Links,
): Pick<SourceView, 'rtmpServer' | 'whipUrl'> => ({
  ...(kind === 'rtmp' ? { rtmpServer: links.rtmpServer } : {}),
  ...(kind === 'rtmp' || kind === 'whip' ? { whipUrl: links.whip(eventId, sourceId) } : {}),
});
