/**
 * The messages between an embedded player and the page around it, by
 * `postMessage`. See `docs/embed.md`.
 */

const COMMANDS = ['play', 'pause', 'mute', 'unmute', 'live', 'state'] as const;

/** Page to player: `{ amphi: 1, do: 'play' }`. */
export type Command = (typeof COMMANDS)[number];

/** Player to page: `{ amphi: 1, type: 'ready' | 'state', state }`, at every change. */
export interface State {
  eventId: string;
  title: string;
  view:
    | 'loading'
    | 'soon'
    | 'playing'
    | 'interrupted'
    | 'ended'
    | 'missing'
    | 'locked'
    | 'unreachable';
  /** The picture moves. */
  playing: boolean;
  muted: boolean;
  /** At the live edge, not in the past. */
  live: boolean;
  viewers: number;
  /** Behind the programme, to half a second; null in the past. */
  latencyMs: number | null;
}

/** A command, if that is what the message is. */
export function readCommand(data: unknown): Command | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (Reflect.get(data, 'amphi') !== 1) return undefined;
  const wanted: unknown = Reflect.get(data, 'do');
  return COMMANDS.find((command) => command === wanted);
}
