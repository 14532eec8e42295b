export { BoundedQueue } from './bounded-queue.ts';
export { copyBytes } from './bytes.ts';
export { Emitter, type EventMap } from './emitter.ts';
export {
  AmphiError,
  asError,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  type Fault,
  isAmphiError,
  isErrorCode,
  messageOf,
  systemCodeOf,
} from './errors.ts';
export { idOfBytes, randomId } from './ids.ts';
export { type Closable, Disposer } from './lifecycle.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export {
  delay,
  type RetryOptions,
  type RetryPolicy,
  retry,
  retryDelayMs,
  withDeadline,
} from './retry.ts';
export { charactersOf, initialsOf, withoutBidi } from './text.ts';
export {
  type Clock,
  type Micros,
  type Millis,
  micros,
  microsOfMillis,
  microsOfSeconds,
  millis,
  millisOfMicros,
  rescale,
  secondsOfMicros,
  systemClock,
} from './time.ts';
export { Turns } from './turns.ts';
export { Unwrapper, wrapDistance } from './wrap.ts';
