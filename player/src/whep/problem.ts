/** Why playing by WebRTC does not go on. */
export interface WhepProblem {
  /** Stable: for tests, and for what a page does about it. */
  code: /** Not for this viewer: a token is missing or wrong. */
    | 'locked'
    /** No such event. */
    | 'gone'
    /** Nothing goes out over WebRTC at the moment. */
    | 'off-air'
    /** This browser has not the codecs. */
    | 'codecs'
    /** The server has as many viewers as it may have, or cannot be reached. */
    | 'busy'
    /** No way for media was found: UDP does not get through. */
    | 'blocked'
    /** It did connect, and broke. */
    | 'lost'
    /** Media comes, but too little of it, or this machine cannot keep up. */
    | 'poor'
    /** The server has something else in place of it: join again at once. */
    | 'replaced';
  /** Another attempt may succeed. */
  passing: boolean;
}

/** What a WHEP endpoint's answer means; 0 for none. */
export function problemOfAnswer(status: number): WhepProblem {
  if (status === 401 || status === 403) return { code: 'locked', passing: false };
  if (status === 404) return { code: 'gone', passing: false };
  // Another source may be on air later, in another codec.
  if (status === 406 || status === 415) return { code: 'codecs', passing: true };
  if (status === 409) return { code: 'off-air', passing: true };
  return { code: 'busy', passing: true };
}
