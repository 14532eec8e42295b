/**
 * One registry of everything that can go wrong in a way somebody outside may
 * see. The code is stable and goes on the wire; the text is for people.
 */
const CODES = {
  bad_request: { status: 400, title: 'The request is not valid' },
  unknown_field: { status: 400, title: 'The request has a field that is not known' },
  future_part: { status: 400, title: 'The requested part lies too far in the future' },
  unauthorized: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'This token may not do that' },
  wrong_password: { status: 403, title: 'That is not the password of the meeting' },
  meeting_locked: { status: 403, title: 'The meeting is locked: nobody new comes in' },
  banned: { status: 403, title: 'The host does not let you in again' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  event_not_found: { status: 404, title: 'No such event' },
  source_not_found: { status: 404, title: 'No such source' },
  segment_gone: { status: 404, title: 'This part of the broadcast is no longer kept' },
  not_live: { status: 404, title: 'The event is not on air' },
  meeting_not_found: { status: 404, title: 'No such meeting' },
  participant_not_found: { status: 404, title: 'Nobody of this id is in the meeting' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  not_acceptable: { status: 406, title: 'Nothing that was offered can be agreed on' },
  conflict: { status: 409, title: 'That conflicts with the present state' },
  stale_fence: { status: 409, title: 'A newer writer has taken over' },
  meeting_full: { status: 409, title: 'As many are in the meeting as it takes' },
  source_busy: { status: 409, title: 'This source already has a publisher' },
  meeting_ended: { status: 410, title: 'The meeting is over' },
  precondition_failed: { status: 412, title: 'That is of a state that has passed' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media: { status: 415, title: 'This media type is not supported' },
  ice_restart_unsupported: { status: 422, title: 'This session cannot restart ICE: join again' },
  bad_media: { status: 422, title: 'The media data is malformed' },
  precondition_required: { status: 428, title: 'The request must say which state it is of' },
  too_many: { status: 429, title: 'Too many requests or connections' },
  internal: { status: 500, title: 'Something went wrong inside Amphi' },
  upstream_failed: { status: 502, title: 'A server behind this one did not answer' },
  unavailable: { status: 503, title: 'A service that this needs is not available now' },
  timeout: { status: 504, title: 'A server behind this one took too long' },
  loop_detected: { status: 508, title: 'The relays ask each other in a circle' },
  bad_config: { status: 500, title: 'The configuration is not valid' },
  missing_dependency: { status: 500, title: 'Something that Amphi needs is not installed' },
  already_running: { status: 500, title: 'Another Amphi uses this data folder' },
  protocol_violation: { status: 400, title: 'The peer broke the protocol' },
  limit_exceeded: { status: 400, title: 'A limit was exceeded' },
  closed: { status: 503, title: 'It has been closed' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof CODES;

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(CODES, code);

/** Every code with its HTTP status and what it means, for whoever documents them. */
export const errorCodes = (): { code: ErrorCode; status: number; title: string }[] =>
  Object.entries(CODES).map(([code, about]) => ({ code: code as ErrorCode, ...about }));

/** One thing that is wrong with a request, and where. */
export interface Fault {
  /** JSON Pointer into the body, as RFC 9457 has it in its example. */
  pointer?: string;
  /** Name of a parameter of the path or the query. */
  parameter?: string;
  detail: string;
}

export interface ErrorDetails {
  /** What happened, to which id, and what to do. */
  detail?: string;
  /** The field or configuration key at fault. */
  field?: string;
  /** Everything that is wrong, when it may be several things. */
  faults?: readonly Fault[];
  /** When it may succeed, of what passes by itself. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** An error that Amphi raises on purpose. Foreign errors are wrapped once, at the boundary, as `cause`. */
export class AmphiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly title: string;
  readonly field: string | undefined;
  readonly faults: readonly Fault[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails | string = {}) {
    const {
      detail,
      field,
      faults = [],
      retryAfterSeconds,
      cause,
    } = typeof details === 'string' ? { detail: details } : details;
    const entry = CODES[code];
    super(detail ?? entry.title, cause === undefined ? undefined : { cause });
    this.name = 'AmphiError';
    this.code = code;
    this.status = entry.status;
    this.title = entry.title;
    this.field = field;
    this.faults = faults;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const isAmphiError = (error: unknown, code?: ErrorCode): error is AmphiError =>
  error instanceof AmphiError && (code === undefined || error.code === code);

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error such as `ECONNREFUSED`, or undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
