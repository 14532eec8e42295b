import type { Request } from 'express';
import type { Config } from '#config';

/** The addresses that are handed out, as the one who asked can reach them. */
export interface Links {
  watch(eventId: string): string;
  embed(eventId: string): string;
  studio(eventId: string): string;
  rtmpServer: string;
  whip(eventId: string, sourceId: string): string;
  whep(eventId: string): string;
  hls(eventId: string): string;
  room(meetingId: string): string;
  calendar(meetingId: string): string;
  /** Base of WebSockets. */
  sockets: string;
}

export function linksFor(config: Config, req: Request): Links {
  const base = config.publicUrl?.replace(/\/+$/, '') ?? requestBase(req);
  const { hostname } = new URL(base);
  const port = config.rtmp.port === 1935 ? '' : `:${config.rtmp.port}`;
  return {
    watch: (eventId) => `${base}/watch/${eventId}`,
    embed: (eventId) => `${base}/embed/${eventId}`,
    studio: (eventId) => `${base}/studio/${eventId}`,
    rtmpServer: `rtmp://${hostname}${port}/live`,
    whip: (eventId, sourceId) => `${base}/whip/${eventId}/${sourceId}`,
    whep: (eventId) => `${base}/whep/${eventId}`,
    hls: (eventId) => `${base}/hls/${eventId}`,
    room: (meetingId) => `${base}/room/${meetingId}`,
    calendar: (meetingId) => `${base}/api/meetings/${meetingId}/calendar.ics`,
    sockets: base.replace(/^http/, 'ws'),
  };
}

function requestBase(req: Request): string {
  const first = (header: string | string[] | undefined) =>
    String(header ?? '')
      .split(',')[0]
      ?.trim();
  const host = first(req.headers['x-forwarded-host']) || req.headers.host || 'localhost';
  const protocol = first(req.headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
  return URL.canParse(`${protocol}://${host}`) ? `${protocol}://${host}` : 'http://localhost';
}
