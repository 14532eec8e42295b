import type { EventStatus, Play, ViewerStatus } from '#contracts';

/**
 * The server's answers, checked as far as the player relies on them. By hand
 * and not by the schemas of the contracts, so that a viewer need not load a
 * validator before the first picture; a test holds both against each other.
 */

const STATUSES: readonly EventStatus[] = ['idle', 'live', 'interrupted', 'ended'];
const LATENCIES: readonly Play['latency'][] = ['ultra', 'low', 'standard'];

type Fields = Record<string, unknown>;

const fieldsOf = (text: string): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
const amount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
const status = (value: unknown): EventStatus | undefined => STATUSES.find((s) => s === value);

/** Leaves out what is undefined, as exact optional fields want it. */
const given = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

export function readStatus(body: string): ViewerStatus | undefined {
  const fields = fieldsOf(body);
  const state = status(fields?.['status']);
  const version = amount(fields?.['version']);
  const eventId = text(fields?.['eventId']);
  if (!fields || state === undefined || version === undefined || eventId === undefined) {
    return undefined;
  }
  return {
    eventId,
    version,
    status: state,
    title: text(fields['title']) ?? '',
    viewers: amount(fields['viewers']) ?? 0,
    dvrSeconds: amount(fields['dvrSeconds']) ?? 0,
    ...given({ runId: text(fields['runId']), startedAt: amount(fields['startedAt']) }),
  };
}

export function readPlay(body: string): Play | undefined {
  const fields = fieldsOf(body);
  const state = status(fields?.['status']);
  const eventId = text(fields?.['eventId']);
  const statusUrl = text(fields?.['statusUrl']);
  if (!fields || state === undefined || eventId === undefined || statusUrl === undefined) {
    return undefined;
  }
  return {
    eventId,
    status: state,
    statusUrl,
    title: text(fields['title']) ?? '',
    dvr: fields['dvr'] === true,
    dvrSeconds: amount(fields['dvrSeconds']) ?? 0,
    latency: LATENCIES.find((l) => l === fields['latency']) ?? 'low',
    ...given({
      whep: text(fields['whep']),
      llhls: text(fields['llhls']),
      hls: text(fields['hls']),
      thumbnails: text(fields['thumbnails']),
      poster: text(fields['poster']),
      chat: text(fields['chat']),
      token: text(fields['token']),
    }),
  };
}
