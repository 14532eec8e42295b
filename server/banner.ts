import type { Config } from '#config';
import { createdEventSchema, type NewSource } from '#contracts';
import type { ApiClient } from './cli/client.ts';
import type { FirstRoom } from './first-room.ts';
import { localBase } from './local-address.ts';

/** The event that is there from the first start. */
export const FIRST_EVENT = 'main';

/** Makes the first event when there is none. Returns its source with the key, which is shown this once. */
export async function ensureFirstEvent(api: ApiClient): Promise<NewSource | undefined> {
  const known = await api.call('GET', `/api/events/${FIRST_EVENT}`).catch(() => undefined);
  if (known !== undefined) return undefined;
  const event = { eventId: FIRST_EVENT, title: 'Main stage', visibility: 'public' };
  return createdEventSchema.parse(await api.call('POST', '/api/events', event)).sources[0];
}

/** What is shown when everything is up. With secrets only on a terminal: elsewhere it would land in a log. */
export function banner(options: {
  config: Config;
  version: string;
  adminToken: string;
  newSource: NewSource | undefined;
  room: FirstRoom;
  secrets: boolean;
}): string {
  const { config, version, adminToken, newSource, room, secrets } = options;
  const base = config.publicUrl?.replace(/\/+$/, '') ?? localBase(config);
  const rtmpPort = config.rtmp.port === 1935 ? '' : `:${config.rtmp.port}`;
  const key = () => {
    if (newSource === undefined)
      return `in your encoder; a new one: the studio, or npx amphi key rotate ${FIRST_EVENT}`;
    return secrets
      ? `${newSource.streamKey}   (shown this once)`
      : `npx amphi key rotate ${FIRST_EVENT} shows a new one`;
  };
  const rows: (readonly [string, string])[] = [
    ['Home', `${base}/`],
    ['Watch', `${base}/watch/${FIRST_EVENT}`],
    [
      'Studio',
      secrets
        ? `${base}/studio/${FIRST_EVENT}#token=${adminToken}`
        : `${base}/studio/${FIRST_EVENT}`,
    ],
    ['Room', `${base}/room/${room.meetingId}`],
    // Behind #, so that it is never sent to a server.
    ...(secrets
      ? ([['as its host', `${base}/room/${room.meetingId}#host=${room.hostToken}`]] as const)
      : []),
    ['OBS server', `rtmp://${new URL(base).hostname}${rtmpPort}/live`],
    ['WHIP', `${base}/whip/${FIRST_EVENT}`],
    ['Stream key', key()],
    ['Admin token', secrets ? adminToken : `in ${config.dataDir}/keys/admin-token`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  return [
    '',
    newSource === undefined
      ? `  Amphi ${version} is ready.`
      : `  Amphi ${version} is ready for its first picture.`,
    '',
    ...lines,
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n');
}
