/** Why publishing does not go on, in words for people. */
export interface PublishProblem {
  /** Stable: for tests, and for what a page does about it. */
  code: 'refused' | 'busy' | 'gone' | 'codecs' | 'unreachable' | 'other';
  text: string;
  /** Another attempt may succeed without anybody doing anything. */
  passing: boolean;
}

const known = (code: PublishProblem['code'], text: string, passing = false): PublishProblem => ({
  code,
  text,
  passing,
});

const OFFLINE = known(
  'unreachable',
  'The server cannot be reached. The page tries again by itself.',
  true,
);

/** What a WHIP endpoint's answer means. `detail` is the server's own word on it, if it said one. */
export function problemOfAnswer(status: number, detail: string | undefined): PublishProblem {
  if (status === 401 || status === 403) {
    return known(
      'refused',
      'The key of this source has been changed. Start again to use the new one.',
    );
  }
  if (status === 404) return known('gone', 'This event or source is no longer there.');
  if (status === 406 || status === 415) {
    return known('codecs', 'This browser offers no video or sound that the server can take.');
  }
  if (status === 409 && detail?.includes('ended')) {
    return known('gone', 'The event has ended. Open it again to let publishers in.');
  }
  if (status === 409) {
    return known('busy', 'Somebody else already publishes to this source.', true);
  }
  if (status === 0 || status === 429 || status >= 500) return OFFLINE;
  return known('other', detail ?? `The server answered ${status}.`);
}
