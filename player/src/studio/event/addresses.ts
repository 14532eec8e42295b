/** Addresses that follow from an event's watch page. */

export const embedUrl = (watchUrl: string): string => watchUrl.replace('/watch/', '/embed/');

export const hlsUrl = (watchUrl: string): string =>
  `${watchUrl.replace('/watch/', '/hls/')}/master.m3u8`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };

/** A frame for somebody else's page. */
export function embedCode(url: string, title: string): string {
  const escaped = title.replace(/[&"<>]/g, (character) => ENTITIES[character] ?? '');
  return `<iframe src="${url}" title="${escaped}" style="width:100%;aspect-ratio:16/9;border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
}

/** The server part of a publishing address: everything before the key. */
export const serverOf = (rtmpUrl: string): string => rtmpUrl.slice(0, rtmpUrl.lastIndexOf('/'));
