import { keepHostToken } from './host-token.ts';

/** `/room/{meetingId}`; people type ids in capitals, too. */
export function meetingIdOf(path: string): string {
  const [, , id = ''] = path.split('/');
  try {
    return decodeURIComponent(id).trim().toLowerCase();
  } catch {
    return '';
  }
}

/** Keeps the host's token that came in the address behind `#`, and takes it out of there. */
export function takeHostToken(meetingId: string): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('host');
  if (token === null) return;
  keepHostToken(meetingId, token);
  history.replaceState(history.state, '', location.pathname + location.search);
}
