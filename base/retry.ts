import { AmphiError } from './errors.ts';

/** How to try again. A plain object, owned by exactly one layer. */
export interface RetryPolicy {
  /** Delay before the second attempt. */
  readonly baseMs: number;
  /** Upper bound of any delay. */
  readonly capMs: number;
  /** Share of the delay that is random, 0 (none) to 1 (all of it). */
  readonly jitter: number;
  /** Attempts in all; `Infinity` to go on until aborted. */
  readonly attempts: number;
}

/** Delay before attempt `attempt` (1 = the first repetition): exponential, capped, jittered. */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random = Math.random): number {
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30));
  return full * (1 - policy.jitter * random());
}

/** Resolves after `ms`; rejects with the signal's reason when aborted first. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal));
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const abortReason = (signal: AbortSignal | undefined): unknown =>
  signal?.reason ?? new AmphiError('closed');

export interface RetryOptions {
  signal?: AbortSignal | undefined;
  /** Returns false for an error that another attempt cannot mend. */
  retryable?: (error: unknown) => boolean;
  onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
}

/** Runs `work` until it succeeds or the policy is used up; then throws its last error. */
export async function retry<T>(
  policy: RetryPolicy,
  work: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= policy.attempts || options.retryable?.(error) === false) throw error;
      const waitMs = retryDelayMs(policy, attempt);
      options.onRetry?.(error, attempt, waitMs);
      await delay(waitMs, options.signal);
    }
  }
}

/** Rejects with `timeout` when `work` takes longer than `ms`. The work itself goes on; abort it by its own signal. */
export async function withDeadline<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AmphiError('timeout', `${what} took longer than ${ms} ms`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
